# exercise: cooperative
# expect: fails
# test: cooperative_visible
# message: the loop was held

# %% answer="cooperative"
async def gently(items, budget=0.005):
    """One turn at the beginning."""
    await asyncio.sleep(0)
    for item in items:
        yield item
