# exercise: lag_meter
# expect: fails
# test: lag_meter_visible
# message: but the schedule drifts

# %% answer="lag_meter"
async def lag_meter(seconds, period):
    """The naive meter with a breath after each tick; it adds the ticks that it has missed."""
    lateness, until = [], time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        await asyncio.sleep(period)
        await asyncio.sleep(0.001)
        late = time.perf_counter() - began - period - 0.001
        while late > 0:
            lateness.append(late)
            late -= period
    return lateness
