# exercise: crunch
# expect: passes
# test: crunch_visible

# %% answer="crunch"
async def crunch(seed, throws):
    """No turns: a thread of pure Python shares the interpreter with the loop."""
    return await asyncio.to_thread(play, seed, throws)
