# exercise: cooperative
# expect: fails
# test: cooperative_visible
# message: Give fewer turns

# %% answer="cooperative"
async def gently(items, budget=0.005):
    """A turn after each item."""
    for item in items:
        yield item
        await asyncio.sleep(0)
