# exercise: poison
# expect: fails
# test: poison_visible
# message: Put a time limit around each order

# %% answer="poison"
async def worker(orders, brew, say):
    """Catches what explodes, and waits for what never boils."""
    while True:
        who, potion = await orders.get()
        try:
            said = await brew(potion)
        except Exception:
            said = "it exploded"
        await say(f"{who}: {said}")
        orders.task_done()
