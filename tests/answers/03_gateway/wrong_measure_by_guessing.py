# exercise: measure_twelve
# expect: fails
# message: was never called

# %% answer="measure_twelve"
async def measure(calls):
    """Nobody is asked: every call is said to be quick."""
    return {name: 0.001 for name in calls}
