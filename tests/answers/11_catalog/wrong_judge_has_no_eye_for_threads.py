# exercise: judge_three
# expect: fails
# test: judge_three_visible
# message: your judge calls it 'async', not 'threads'

# %% answer="judge_three"


async def judge(fetch, url):
    """A free loop is all that it asks for."""
    held, call = 0.0, asyncio.create_task(fetch(url))
    while not call.done():
        began = time.perf_counter()
        await asyncio.sleep(0.01)
        held = max(held, time.perf_counter() - began - 0.01)
    return ("blocks" if held > 0.1 else "async"), held
