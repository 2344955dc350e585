# exercise: poison
# expect: passes

# %% answer="poison"
async def worker(orders, brew, say):
    """wait_for, and task_done whatever happens."""
    while True:
        who, potion = await orders.get()
        try:
            said = await asyncio.wait_for(brew(potion), 0.3)
        except (TimeoutError, asyncio.TimeoutError):
            said = "it never boils"
        except Exception:
            said = "it exploded"
        try:
            await say(f"{who}: {said}")
        finally:
            orders.task_done()
