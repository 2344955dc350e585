# exercise: drain
# expect: fails
# test: drain_check
# message: no worker served them

# %% answer="drain"
async def run_desk(queue, work, workers, closing, patience):
    unfinished = []

    async def serve():
        while not closing.is_set():
            item = await queue.get()
            try:
                await work(item)
            except asyncio.CancelledError:
                unfinished.append(item)
                raise
            except Exception:
                pass

    tasks = [asyncio.create_task(serve()) for _ in range(workers)]
    await closing.wait()
    _, late = await asyncio.wait(tasks, timeout=patience)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    return unfinished + [queue.get_nowait() for _ in range(queue.qsize())]
