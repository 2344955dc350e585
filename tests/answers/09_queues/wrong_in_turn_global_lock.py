# exercise: in_turn
# expect: fails
# test: in_turn_check
# message: for the 1 of others

# %% answer="in_turn"
one_for_all = asyncio.Lock()


async def in_turn(user, job):
    async with one_for_all:
        return await job()
