# exercise: cooperative
# expect: passes

# %% answer="cooperative"
async def gently(items, budget=0.005):
    """Asks the clock before it hands out an item; half the budget, which is its own affair."""
    loop = asyncio.get_running_loop()
    due = loop.time() + budget / 2
    for item in items:
        if loop.time() >= due:
            await asyncio.sleep(0)
            due = loop.time() + budget / 2
        yield item
