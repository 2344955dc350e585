# exercise: poison
# expect: passes

# %% answer="poison"
async def serve_one(who, potion, brew, say):
    pot = asyncio.create_task(brew(potion))
    done, _ = await asyncio.wait([pot], timeout=0.3)
    if not done:
        pot.cancel()
        said = "it never boils"
    elif pot.exception() is not None:
        said = "it exploded"
    else:
        said = pot.result()
    await say(f"{who}: {said}")


async def worker(orders, brew, say):
    """Each order in a task of its own, whose end is looked at."""
    while True:
        await serve_one(*await orders.get(), brew, say)
        orders.task_done()
