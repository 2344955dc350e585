# exercise: drain
# expect: fails
# test: drain_check
# message: can be under way at the same time

# %% answer="drain"
async def run_desk(queue, work, workers, closing, patience):
    await closing.wait()
    return [queue.get_nowait() for _ in range(queue.qsize())]
