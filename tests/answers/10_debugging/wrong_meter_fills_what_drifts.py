# exercise: lag_meter
# expect: fails
# test: lag_meter_visible
# message: while the loop was held are there; the schedule drifts

# %% answer="lag_meter"
async def lag_meter(seconds, period):
    """The naive meter, which adds the ticks it has missed, and takes a breath after each."""
    lateness, until = [], time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        await asyncio.sleep(period)
        late = time.perf_counter() - began - period
        while late > 0:
            lateness.append(late)
            late -= period
        await asyncio.sleep(0.001)
    return lateness
