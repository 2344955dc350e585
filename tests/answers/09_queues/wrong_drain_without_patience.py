# exercise: drain
# expect: fails
# test: drain_check
# message: work went on

# %% answer="drain"
async def run_desk(queue, work, workers, closing, patience):
    async def serve():
        while True:
            item = await queue.get()
            with suppress(Exception):
                await work(item)
            queue.task_done()

    tasks = [asyncio.create_task(serve()) for _ in range(workers)]
    await closing.wait()
    await queue.join()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return []
