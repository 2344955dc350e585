# exercise: closing
# expect: fails
# test: closing_hidden
# message: Still running after

# %% answer="closing"
async def shutdown(hall):
    """Asks the tasks to end, and does not look whether they did."""
    await asyncio.wait([asyncio.create_task(hall.orders.join())], timeout=0.5)
    for task in hall.tasks:
        task.cancel()
    await hall.session.close()
    await asyncio.to_thread(hall.pool.shutdown)
