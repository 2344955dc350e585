# exercise: cooperative
# expect: fails
# test: cooperative_visible
# message: Give fewer turns

# %% answer="cooperative"
async def gently(items, budget=0.005):
    """Once the first budget is used up, there is a turn after every item."""
    turn = time.monotonic() + budget
    for item in items:
        yield item
        if time.monotonic() > turn:
            await asyncio.sleep(0)
