# exercise: drain
# expect: passes

# %% answer="drain"
async def run_desk(queue, work, workers, closing, patience):
    """A closing sign for each worker, at the end of the queue."""
    end, in_hand = object(), []

    async def serve():
        while (item := await queue.get()) is not end:
            in_hand.append(item)
            try:
                await work(item)
            except Exception:
                pass
            in_hand.remove(item)

    tasks = [asyncio.create_task(serve()) for _ in range(workers)]
    await closing.wait()
    for _ in tasks:
        queue.put_nowait(end)
    _, late = await asyncio.wait(tasks, timeout=patience)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    while not queue.empty():
        if (item := queue.get_nowait()) is not end:
            in_hand.append(item)
    return in_hand
