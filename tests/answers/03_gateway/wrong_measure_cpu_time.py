# exercise: measure_twelve
# expect: fails
# test: measure_twelve_visible
# message: That is too small

# %% answer="measure_twelve"
async def measure(calls):
    """CPU time stands still while a call waits, and the loop with it."""
    figures = {}
    for name, call in calls.items():
        began = time.process_time()
        call()
        figures[name] = time.process_time() - began
    return figures
