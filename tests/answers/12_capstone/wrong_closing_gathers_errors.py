# exercise: closing
# expect: fails
# test: closing_visible
# message: return_exceptions=True

# %% answer="closing"
async def shutdown(hall):
    """Is itself ended by the first task that it has cancelled."""
    await asyncio.wait([asyncio.create_task(hall.orders.join())], timeout=0.5)
    for task in hall.tasks:
        task.cancel()
    await asyncio.gather(*hall.tasks)
    await hall.session.close()
    await asyncio.to_thread(hall.pool.shutdown)
