# exercise: lag_meter
# expect: fails
# test: lag_meter_visible
# message: of the ticks were more than 0.1 s late

# %% answer="lag_meter"
async def lag_meter(seconds, period):
    """The longest of them, for each."""
    began = time.perf_counter()
    await asyncio.sleep(seconds / 2)
    late = time.perf_counter() - began - seconds / 2
    await asyncio.sleep(seconds / 2)
    return [max(late, 0.42)] * round(seconds / period)
