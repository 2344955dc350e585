# exercise: in_turn
# expect: fails
# test: in_turn_check
# message: although the job before is over

# %% answer="in_turn"
turns = {}


async def in_turn(user, job):
    lock, guests = turns.get(user, (asyncio.Lock(), 0))
    turns[user] = lock, guests + 1
    await lock.acquire()
    result = await job()
    lock.release()
    lock, guests = turns.pop(user)
    if guests > 1:
        turns[user] = lock, guests - 1
    return result
