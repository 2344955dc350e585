# exercise: measure_twelve
# expect: fails
# test: measure_twelve_visible
# message: Are they in seconds

# %% answer="measure_twelve"
async def measure(calls):
    """Milliseconds, where seconds were asked for."""
    figures = {}
    for name, call in calls.items():
        began = time.perf_counter()
        call()
        figures[name] = (time.perf_counter() - began) * 1000
    return figures
