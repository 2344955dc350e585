# exercise: crunch
# expect: fails
# test: crunch_visible
# message: Give fewer turns

# %% answer="crunch"
async def crunch(seed, throws):
    """A turn after every throw: the loop has never been so free, nor the duel so long."""
    coin, lead, level = random.Random(seed), 0, 0
    for _ in range(throws):
        lead += 1 if coin.random() < 0.5 else -1
        level += lead == 0
        await asyncio.sleep(0)
    return lead, level
