# exercise: poison
# expect: fails
# test: poison_visible
# message: Its `except` must not catch CancelledError

# %% answer="poison"
async def worker(orders, brew, say):
    """Outlives everything, its own end as well."""
    while True:
        who, potion = await orders.get()
        try:
            word = await asyncio.wait_for(brew(potion), 0.3)
        except TimeoutError:
            word = "it never boils"
        except:
            word = "it exploded"
        await say(f"{who}: {word}")
        orders.task_done()
