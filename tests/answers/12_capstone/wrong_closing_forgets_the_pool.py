# exercise: closing
# expect: fails
# test: closing_visible
# message: of the pool still run

# %% answer="closing"
async def shutdown(hall):
    """Tells the pool to end and does not wait for its threads."""
    hall.pool.shutdown(wait=False)
    await asyncio.wait([asyncio.create_task(hall.orders.join())], timeout=0.5)
    for task in hall.tasks:
        task.cancel()
    await asyncio.gather(*hall.tasks, return_exceptions=True)
    await hall.session.close()
