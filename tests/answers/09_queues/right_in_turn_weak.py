# exercise: in_turn
# expect: passes

# %% answer="in_turn"
import weakref

turns = weakref.WeakValueDictionary()


async def in_turn(user, job):
    """A lock lives as long as somebody holds it or waits for it."""
    lock = turns.setdefault(user, asyncio.Lock())
    async with lock:
        return await job()
