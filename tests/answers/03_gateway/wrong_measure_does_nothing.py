# exercise: measure_twelve
# expect: fails
# test: measure_twelve_visible
# message: must return a dict with these names

# %% answer="measure_twelve"
async def measure(calls):
    """Nothing."""
