# exercise: poison
# expect: fails
# test: poison_visible
# message: ended the worker

# %% answer="poison"
async def worker(orders, brew, say):
    """Patient to a point, but the first exception is the last."""
    while True:
        who, potion = await orders.get()
        try:
            async with asyncio.timeout(0.3):
                said = await brew(potion)
        except TimeoutError:
            said = "it never boils"
        await say(f"{who}: {said}")
        orders.task_done()
