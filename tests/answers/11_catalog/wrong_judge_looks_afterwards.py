# exercise: judge_three
# expect: fails
# test: judge_three_hidden
# message: your judge calls it 'async', not 'threads'

# %% answer="judge_three"


async def judge(fetch, url):
    """When the call is over, its thread may be gone."""
    before, held = set(threading.enumerate()), 0.0
    call = asyncio.create_task(fetch(url))
    while not call.done():
        began = time.perf_counter()
        await asyncio.sleep(0.01)
        held = max(held, time.perf_counter() - began - 0.01)
    await call
    await asyncio.sleep(0.05)
    new = {thread for thread in threading.enumerate() if thread.is_alive()} - before
    return ("blocks" if held > 0.1 else "threads" if new else "async"), held
