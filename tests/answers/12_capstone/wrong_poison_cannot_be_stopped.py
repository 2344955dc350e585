# exercise: poison
# expect: fails
# test: poison_visible
# message: Its `except` must not catch CancelledError

# %% answer="poison"
async def worker(orders, brew, say):
    """Catches its own end as well."""
    while True:
        try:
            who, potion = await orders.get()
            async with asyncio.timeout(0.3):
                said = await brew(potion)
        except TimeoutError:
            said = "it never boils"
        except BaseException:
            said = "it exploded"
        await say(f"{who}: {said}")
        orders.task_done()
