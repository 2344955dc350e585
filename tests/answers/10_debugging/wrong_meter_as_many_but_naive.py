# exercise: lag_meter
# expect: fails
# test: lag_meter_visible
# message: The 99th percentile of your ticks

# %% answer="lag_meter"
async def lag_meter(seconds, period):
    """As many ticks as it should be, each from the end of the one before."""
    lateness = []
    for _ in range(round(seconds / period)):
        began = time.perf_counter()
        await asyncio.sleep(period)
        lateness.append(time.perf_counter() - began - period)
    return lateness
