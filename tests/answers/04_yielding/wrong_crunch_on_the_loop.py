# exercise: crunch
# expect: fails
# message: the loop stood still

# %% answer="crunch"
async def crunch(seed, throws):
    """An `async def` around it changes nothing."""
    return play(seed, throws)
