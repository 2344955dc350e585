# exercise: closing
# expect: fails
# test: closing_hidden
# message: was still running after 1.8 s

# %% answer="closing"
async def shutdown(hall):
    """Waits for the ox as well."""
    await hall.orders.join()
    for task in hall.tasks:
        task.cancel()
    await asyncio.gather(*hall.tasks, return_exceptions=True)
    await hall.session.close()
    await asyncio.to_thread(hall.pool.shutdown)
