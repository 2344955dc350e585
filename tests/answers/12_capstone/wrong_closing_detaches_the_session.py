# exercise: closing
# expect: fails
# test: closing_visible
# message: of its connections to the web server were still open 1 s later

# %% answer="closing"
async def shutdown(hall):
    """`detach` makes the session say that it is closed, and closes no connection."""
    await asyncio.wait([asyncio.create_task(hall.orders.join())], timeout=0.5)
    for task in hall.tasks:
        task.cancel()
    await asyncio.gather(*hall.tasks, return_exceptions=True)
    hall.kept = hall.session.connector
    hall.session.detach()
    await asyncio.to_thread(hall.pool.shutdown)
