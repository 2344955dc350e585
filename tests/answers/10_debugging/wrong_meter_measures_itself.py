# exercise: lag_meter
# expect: fails
# test: lag_meter_visible
# message: it measures itself

# %% answer="lag_meter"
async def lag_meter(seconds, period):
    """Waits for each tick with all its might."""
    start, lateness = time.perf_counter(), []
    for number in range(1, round(seconds / period) + 1):
        due = start + number * period
        while time.perf_counter() < due:
            pass
        lateness.append(time.perf_counter() - due)
    return lateness
