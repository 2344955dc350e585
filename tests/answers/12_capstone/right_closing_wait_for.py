# exercise: closing
# expect: passes

# %% answer="closing"
async def shutdown(hall):
    """wait_for, wait, and the pool first asked, then waited for."""
    try:
        await asyncio.wait_for(hall.orders.join(), 0.5)
    except (TimeoutError, asyncio.TimeoutError):
        print("some orders are not ready")
    for task in hall.tasks:
        task.cancel()
    await asyncio.wait(hall.tasks)
    await hall.session.close()
    hall.pool.shutdown(wait=False, cancel_futures=True)
    for thread in hall.pool._threads:
        await asyncio.to_thread(thread.join)
