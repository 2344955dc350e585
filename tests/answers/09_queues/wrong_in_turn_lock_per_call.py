# exercise: in_turn
# expect: fails
# test: in_turn_check
# message: had two jobs under way at the same time

# %% answer="in_turn"
async def in_turn(user, job):
    async with asyncio.Lock():
        return await job()
