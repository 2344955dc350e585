# exercise: in_turn
# expect: passes

# %% answer="in_turn"
turns = {}


async def in_turn(user, job):
    """Everybody waits for the one before; the last one out takes the name off the list."""
    before = turns.get(user)
    mine = turns[user] = asyncio.Event()
    try:
        if before is not None:
            await before.wait()
        return await job()
    finally:
        mine.set()
        if turns[user] is mine:
            del turns[user]
