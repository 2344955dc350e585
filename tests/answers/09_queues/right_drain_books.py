# exercise: drain
# expect: passes

# %% answer="drain"
async def run_desk(queue, work, workers, closing, patience):
    """A dispatcher behind a gate; books are kept of what was begun and what is done."""
    begun, done, gate = [], [], asyncio.Semaphore(workers)

    async def one(item):
        try:
            await work(item)
        except Exception:
            pass
        finally:
            gate.release()
        done.append(item)

    async def dispatch(group):
        while True:
            await gate.acquire()
            begun.append(await queue.get())
            group.create_task(one(begun[-1]))

    async def quiet():
        while not queue.empty() or len(done) < len(begun):
            await asyncio.sleep(0.01)

    class Over(Exception):
        pass

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(dispatch(group))
            await closing.wait()
            with suppress(TimeoutError):
                await asyncio.wait_for(quiet(), patience)
            raise Over
    except* Over:
        pass
    waiting = [queue.get_nowait() for _ in range(queue.qsize())]
    return [item for item in begun if item not in done] + waiting
