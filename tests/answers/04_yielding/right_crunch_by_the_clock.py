# exercise: crunch
# expect: passes
# test: crunch_visible

# %% answer="crunch"
async def crunch(seed, throws):
    """Looks at the clock after each throw."""
    coin, lead, level = random.Random(seed), 0, 0
    turn = time.monotonic() + 0.005
    for _ in range(throws):
        lead += 1 if coin.random() < 0.5 else -1
        level += lead == 0
        if time.monotonic() > turn:
            await asyncio.sleep(0)
            turn = time.monotonic() + 0.005
    return lead, level
