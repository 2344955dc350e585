# exercise: closing
# expect: fails
# test: closing_hidden
# message: still waited

# %% answer="closing"
async def shutdown(hall):
    """Waits for the ox as well."""
    await hall.orders.join()
    for task in hall.tasks:
        task.cancel()
    await asyncio.gather(*hall.tasks, return_exceptions=True)
    await hall.session.close()
    await asyncio.to_thread(hall.pool.shutdown)
