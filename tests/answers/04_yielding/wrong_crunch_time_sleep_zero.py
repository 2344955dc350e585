# exercise: crunch
# expect: fails
# test: crunch_visible
# message: the loop was held

# %% answer="crunch"
async def crunch(seed, throws):
    """`time.sleep(0)` gives other threads a turn, not the loop."""
    coin, lead, level = random.Random(seed), 0, 0
    for number in range(1, throws + 1):
        lead += 1 if coin.random() < 0.5 else -1
        level += lead == 0
        if number % 10_000 == 0:
            time.sleep(0)
    return lead, level
