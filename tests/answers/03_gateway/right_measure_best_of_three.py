# exercise: measure_twelve
# expect: passes

# %% answer="measure_twelve"
async def measure(calls):
    """Time each call three times; a busy machine can only add to a time."""

    def once(call):
        began = time.perf_counter()
        call()
        return time.perf_counter() - began

    return {name: min(once(call) for _ in range(3)) for name, call in calls.items()}
