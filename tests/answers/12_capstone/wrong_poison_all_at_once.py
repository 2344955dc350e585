# exercise: poison
# expect: fails
# test: poison_visible
# message: The kitchen said

# %% answer="poison"
async def serve_one(orders, who, potion, brew, say):
    try:
        async with asyncio.timeout(0.3):
            said = await brew(potion)
    except TimeoutError:
        said = "it never boils"
    except Exception:
        said = "it exploded"
    await say(f"{who}: {said}")
    orders.task_done()


async def worker(orders, brew, say):
    """A task for each order: nothing holds anything up, and nothing is in turn."""
    async with asyncio.TaskGroup() as group:
        while True:
            group.create_task(serve_one(orders, *await orders.get(), brew, say))
