# exercise: in_turn
# expect: fails
# test: in_turn_check
# message: although only jobs of other users (1) are under way

# %% answer="in_turn"
one_for_all = asyncio.Lock()


async def in_turn(user, job):
    async with one_for_all:
        return await job()
