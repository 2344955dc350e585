# exercise: crunch
# expect: fails
# test: crunch_visible
# message: where the one before it stopped

# %% answer="crunch"
async def crunch(seed, throws):
    """Each slice begins level again."""
    coin, level = random.Random(seed), 0
    for start in range(0, throws, 10_000):
        lead = 0
        for _ in range(min(10_000, throws - start)):
            lead += 1 if coin.random() < 0.5 else -1
            level += lead == 0
        await asyncio.sleep(0)
    return lead, level
