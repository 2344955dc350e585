# exercise: lag_meter
# expect: passes

# %% answer="lag_meter"
async def lag_meter(seconds, period):
    """Looks now and then, and works out which ticks came due since the last look."""
    start, lateness, number = time.perf_counter(), [], 1
    while number * period <= seconds:
        await asyncio.sleep(period / 2)
        now = time.perf_counter() - start
        while number * period <= min(now, seconds):
            lateness.append(now - number * period)
            number += 1
    return lateness
