# exercise: lag_meter
# expect: fails
# test: lag_meter_visible
# message: The 99th percentile of your ticks

# %% answer="lag_meter"
async def lag_meter(seconds, period):
    """A thread is never late, whatever the loop does."""

    def measure():
        start, lateness = time.perf_counter(), []
        for number in range(1, round(seconds / period) + 1):
            due = start + number * period
            time.sleep(max(0, due - time.perf_counter()))
            lateness.append(time.perf_counter() - due)
        return lateness

    return await asyncio.to_thread(measure)
