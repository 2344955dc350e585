# exercise: poison
# expect: fails
# test: poison_visible
# message: `orders.join()` still waits

# %% answer="poison"
async def worker(orders, brew, say):
    """Goes on to the next order without saying that one is done."""
    while True:
        who, potion = await orders.get()
        try:
            async with asyncio.timeout(0.3):
                said = await brew(potion)
        except TimeoutError:
            said = "it never boils"
        except Exception:
            said = "it exploded"
            await say(f"{who}: {said}")
            continue
        await say(f"{who}: {said}")
        orders.task_done()
