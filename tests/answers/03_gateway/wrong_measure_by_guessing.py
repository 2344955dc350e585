# exercise: measure_twelve
# expect: fails
# test: measure_twelve_visible
# message: was never called

# %% answer="measure_twelve"
async def measure(calls):
    """Nobody is asked: every call is said to be quick."""
    return dict.fromkeys(calls, 0.001)
