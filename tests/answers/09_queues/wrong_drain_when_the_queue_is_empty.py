# exercise: drain
# expect: fails
# message: were lost

# %% answer="drain"
async def run_desk(queue, work, workers, closing, patience):
    async def serve():
        while True:
            with suppress(Exception):
                await work(await queue.get())

    tasks = [asyncio.create_task(serve()) for _ in range(workers)]
    await closing.wait()
    with suppress(TimeoutError):
        async with asyncio.timeout(patience):
            while not queue.empty():  # and what is in hand?
                await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return [queue.get_nowait() for _ in range(queue.qsize())]
