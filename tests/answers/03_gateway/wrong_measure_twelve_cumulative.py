# exercise: measure_twelve
# expect: fails
# test: measure_twelve_visible
# message: does each one begin with its own call?

# %% answer="measure_twelve"
async def measure(calls):
    """One beginning for all: each figure holds those before it."""
    figures = {}
    began = time.perf_counter()
    for name, call in calls.items():
        call()
        figures[name] = time.perf_counter() - began
    return figures
