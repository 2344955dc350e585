# exercise: cooperative
# expect: fails
# test: cooperative_visible
# message: the loop was held

# %% answer="cooperative"
async def gently(items, budget=0.005):
    """As in the lesson: fine for members, not for thirty messages."""
    for number, item in enumerate(items, 1):
        yield item
        if number % 1000 == 0:
            await asyncio.sleep(0)
