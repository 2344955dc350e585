# exercise: in_turn
# expect: fails
# test: in_turn_check
# message: the loop was held

# %% answer="in_turn"
import threading

turns = {}


async def in_turn(user, job):
    lock = turns.setdefault(user, threading.Lock())
    while not lock.acquire(timeout=0.5):
        await asyncio.sleep(0)
    try:
        return await job()
    finally:
        lock.release()
