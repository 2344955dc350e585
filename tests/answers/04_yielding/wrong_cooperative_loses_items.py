# exercise: cooperative
# expect: fails
# test: cooperative_visible
# message: must yield every item once

# %% answer="cooperative"
async def gently(items, budget=0.005):
    """Either an item or a turn: one item is lost at each turn."""
    turn = time.monotonic() + budget
    for item in items:
        if time.monotonic() > turn:
            await asyncio.sleep(0)
            turn = time.monotonic() + budget
        else:
            yield item
