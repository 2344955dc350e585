# exercise: measure_twelve
# expect: passes

# %% answer="measure_twelve"
async def measure(calls):
    """Time each call in a thread, by the loop's own clock."""
    loop = asyncio.get_running_loop()

    def timed(call):
        began = loop.time()
        call()
        return loop.time() - began

    figures = {}
    for name, call in calls.items():
        figures[name] = await asyncio.to_thread(timed, call)
    return figures
