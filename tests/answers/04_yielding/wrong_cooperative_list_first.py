# exercise: cooperative
# expect: fails
# test: cooperative_visible
# message: the loop was held

# %% answer="cooperative"
async def gently(items, budget=0.005):
    """Reads everything before it hands out anything."""
    turn = time.monotonic() + budget
    for item in list(items):
        yield item
        if time.monotonic() > turn:
            await asyncio.sleep(0)
            turn = time.monotonic() + budget
