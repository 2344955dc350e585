# exercise: drain
# expect: fails
# test: drain_check
# message: took an item from the queue

# %% answer="drain"
async def run_desk(queue, work, workers, closing, patience):
    """A worker that ended is replaced after a moment, also when the desk is closed."""
    loop, unfinished, staff = asyncio.get_running_loop(), [], set()

    async def serve():
        while True:
            item = await queue.get()
            unfinished.append(item)
            with suppress(Exception):
                await work(item)
            unfinished.remove(item)
            queue.task_done()

    def replace(worker):
        staff.discard(worker)
        loop.call_later(0.05, hire)

    def hire():
        worker = asyncio.create_task(serve())
        staff.add(worker)
        worker.add_done_callback(replace)

    for _ in range(workers):
        hire()
    await closing.wait()
    with suppress(TimeoutError):
        await asyncio.wait_for(queue.join(), patience)
    for worker in staff:
        worker.cancel()
    await asyncio.wait(staff)
    return unfinished + [queue.get_nowait() for _ in range(queue.qsize())]
