# exercise: lag_meter
# expect: fails
# test: lag_meter_visible
# message: Count every tick that was due, also while the loop was held

# %% answer="lag_meter"
async def lag_meter(seconds, period):
    """The meter that everybody writes first."""
    lateness, until = [], time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        await asyncio.sleep(period)
        lateness.append(time.perf_counter() - began - period)
    return lateness
