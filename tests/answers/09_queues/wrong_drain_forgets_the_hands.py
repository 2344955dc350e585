# exercise: drain
# expect: fails
# test: drain_check
# message: a worker was serving

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
    with suppress(TimeoutError):
        await asyncio.wait_for(queue.join(), patience)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return [queue.get_nowait() for _ in range(queue.qsize())]
