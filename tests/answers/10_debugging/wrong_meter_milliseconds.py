# exercise: lag_meter
# expect: fails
# test: lag_meter_visible
# message: The 99th percentile of your ticks

# %% answer="lag_meter"
async def lag_meter(seconds, period):
    """Right, but for the unit."""
    start, lateness = time.perf_counter(), []
    for number in range(1, round(seconds / period) + 1):
        due = start + number * period
        await asyncio.sleep(max(0, due - time.perf_counter()))
        lateness.append((time.perf_counter() - due) * 1000)
    return lateness
