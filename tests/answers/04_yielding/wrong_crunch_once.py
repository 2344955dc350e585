# exercise: crunch
# expect: fails
# test: crunch_visible
# message: the loop was held

# %% answer="crunch"
async def crunch(seed, throws):
    """One turn, and then all of it."""
    await asyncio.sleep(0)
    return play(seed, throws)
