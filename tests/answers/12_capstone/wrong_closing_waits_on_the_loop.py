# exercise: closing
# expect: fails
# test: closing_visible
# message: the loop was held for

# %% answer="closing"
async def shutdown(hall):
    """The pool first, and on the loop."""
    hall.pool.shutdown()
    await asyncio.wait([asyncio.create_task(hall.orders.join())], timeout=0.5)
    for task in hall.tasks:
        task.cancel()
    await asyncio.gather(*hall.tasks, return_exceptions=True)
    await hall.session.close()
