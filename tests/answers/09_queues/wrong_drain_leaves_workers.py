# exercise: drain
# expect: fails
# test: drain_check
# message: of its tasks are still there

# %% answer="drain"
async def run_desk(queue, work, workers, closing, patience):
    unfinished = []

    async def serve():
        while True:
            item = await queue.get()
            unfinished.append(item)
            with suppress(Exception):
                await work(item)
            unfinished.remove(item)
            queue.task_done()

    _tasks = [asyncio.create_task(serve()) for _ in range(workers)]
    await closing.wait()
    with suppress(TimeoutError):
        await asyncio.wait_for(queue.join(), patience)
    return unfinished + [queue.get_nowait() for _ in range(queue.qsize())]
