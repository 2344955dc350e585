# exercise: drain
# expect: fails
# test: drain_check
# message: 6 of 6 items were lost

# %% answer="drain"
async def run_desk(queue, work, workers, closing, patience):
    async def serve():
        while True:
            with suppress(Exception):
                await work(await queue.get())

    tasks = [asyncio.create_task(serve()) for _ in range(workers)]
    await closing.wait()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return []
