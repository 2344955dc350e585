# exercise: poison
# expect: fails
# test: poison_visible
# message: The kitchen said

# %% answer="poison"
async def worker(orders, brew, say):
    """Serves the good ones, and does not tell the others."""
    while True:
        who, potion = await orders.get()
        try:
            async with asyncio.timeout(0.3):
                await say(f"{who}: {await brew(potion)}")
        except Exception:
            pass
        orders.task_done()
