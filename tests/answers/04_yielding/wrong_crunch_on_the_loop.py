# exercise: crunch
# expect: fails
# test: crunch_visible
# message: the loop was held

# %% answer="crunch"
async def crunch(seed, throws):
    """An `async def` around it changes nothing."""
    return play(seed, throws)
