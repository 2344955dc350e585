# exercise: measure_twelve
# expect: fails
# test: measure_twelve_visible
# message: must return a dict with these names

# %% answer="measure_twelve"
async def measure(calls):
    """The quick ones are left out, and the contract wants them all."""
    figures = {}
    for name, call in calls.items():
        began = time.perf_counter()
        call()
        if time.perf_counter() - began > 0.1:
            figures[name] = time.perf_counter() - began
    return figures
