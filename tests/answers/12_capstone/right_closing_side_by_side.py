# exercise: closing
# expect: passes

# %% answer="closing"
async def shutdown(hall):
    """The pool ends while the orders are served."""
    pool = asyncio.create_task(asyncio.to_thread(hall.pool.shutdown))
    await asyncio.wait([asyncio.create_task(hall.orders.join())], timeout=0.5)
    for task in hall.tasks:
        task.cancel()
    for task in hall.tasks:
        try:
            await task
        except asyncio.CancelledError:
            pass
    await asyncio.gather(pool, hall.session.close())
