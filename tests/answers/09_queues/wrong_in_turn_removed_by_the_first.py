# exercise: in_turn
# expect: fails
# test: in_turn_check
# message: ran at the same time

# %% answer="in_turn"
turns = {}


async def in_turn(user, job):
    """Takes the lock away when nobody has it, though somebody was just let in."""
    lock = turns.setdefault(user, asyncio.Lock())
    try:
        async with lock:
            return await job()
    finally:
        if not lock.locked():
            turns.pop(user, None)
