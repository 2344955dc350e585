# exercise: crunch
# expect: passes

# %% answer="crunch"
def rounds(seed, throws, size):
    """A generator that plays, and stops after every so many throws to say how it stands."""
    coin, lead, level = random.Random(seed), 0, 0
    while throws > 0:
        for _ in range(min(size, throws)):
            lead += 1 if coin.random() < 0.5 else -1
            level += not lead
        throws -= size
        yield lead, level


async def crunch(seed, throws):
    """The work is in a generator, the turns are where it is read."""
    result = (0, 0)
    for result in rounds(seed, throws, 2_000):
        await asyncio.sleep(0)
    return result
