# exercise: measure_twelve
# expect: fails
# test: measure_twelve_visible
# message: That is too large

# %% answer="measure_twelve"
async def measure(calls):
    """Three times, but the sum of them instead of the smallest."""
    figures = {}
    for name, call in calls.items():
        began = time.perf_counter()
        for _ in range(3):
            call()
        figures[name] = time.perf_counter() - began
    return figures
