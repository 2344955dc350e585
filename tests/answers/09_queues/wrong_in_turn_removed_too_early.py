# exercise: in_turn
# expect: fails
# test: in_turn_check
# message: had two jobs under way at the same time

# %% answer="in_turn"
turns = {}


async def in_turn(user, job):
    lock = turns.setdefault(user, asyncio.Lock())
    async with lock:
        turns.pop(user, None)  # the next one makes a new lock
        return await job()
