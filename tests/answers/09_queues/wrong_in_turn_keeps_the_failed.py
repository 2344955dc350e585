# exercise: in_turn
# expect: fails
# test: in_turn_check
# message: objects are still kept

# %% answer="in_turn"
turns = {}


async def in_turn(user, job):
    """Counts, and forgets to count down when a job fails."""
    turn = turns.setdefault(user, [asyncio.Lock(), 0])
    turn[1] += 1
    async with turn[0]:
        got = await job()
    turn[1] -= 1
    if not turn[1]:
        del turns[user]
    return got
