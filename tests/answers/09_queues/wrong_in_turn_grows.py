# exercise: in_turn
# expect: fails
# test: in_turn_check
# message: objects are still kept for them

# %% answer="in_turn"
from collections import defaultdict

turns = defaultdict(asyncio.Lock)


async def in_turn(user, job):
    async with turns[user]:
        return await job()
