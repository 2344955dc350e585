# exercise: measure_twelve
# expect: passes

# %% answer="measure_twelve"
async def measure(calls):
    """Those that wait, at the same time: together the figures exceed the run's time."""

    def timed(call):
        began = time.perf_counter()
        call()
        return time.perf_counter() - began

    waiting = await asyncio.gather(*(asyncio.to_thread(timed, call) for call in calls.values()))
    return dict(zip(calls, waiting))
