# exercise: crunch
# expect: fails
# test: crunch_visible
# message: the loop was held
# only: soak

# %% answer="crunch"
async def crunch(seed, throws):
    """So seldom that it never happens."""
    coin, lead, level = random.Random(seed), 0, 0
    for number in range(1, throws + 1):
        lead += 1 if coin.random() < 0.5 else -1
        level += lead == 0
        if number % 100_000_000 == 0:
            await asyncio.sleep(0)
    return lead, level
