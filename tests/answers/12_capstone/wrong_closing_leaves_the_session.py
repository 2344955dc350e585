# exercise: closing
# expect: fails
# test: closing_visible
# message: The session is still open

# %% answer="closing"
async def shutdown(hall):
    """Forgets the session."""
    await asyncio.wait([asyncio.create_task(hall.orders.join())], timeout=0.5)
    for task in hall.tasks:
        task.cancel()
    await asyncio.gather(*hall.tasks, return_exceptions=True)
    await asyncio.to_thread(hall.pool.shutdown)
