# exercise: crunch
# expect: fails
# test: crunch_visible
# message: use `asyncio.sleep(0)` for them

# %% answer="crunch"
async def crunch(seed, throws):
    """Often enough, but each turn is a pause of 10 ms."""
    coin, lead, level = random.Random(seed), 0, 0
    for number in range(1, throws + 1):
        lead += 1 if coin.random() < 0.5 else -1
        level += lead == 0
        if number % 1000 == 0:
            await asyncio.sleep(0.01)
    return lead, level
