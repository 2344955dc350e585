# exercise: closing
# expect: fails
# test: closing_visible
# message: ordered before closing time

# %% answer="closing"
async def shutdown(hall):
    """Who ordered is not asked."""
    for task in hall.tasks:
        task.cancel()
    await asyncio.gather(*hall.tasks, return_exceptions=True)
    await hall.session.close()
    await asyncio.to_thread(hall.pool.shutdown)
