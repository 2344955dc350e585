# exercise: judge_three
# expect: fails
# test: judge_three_visible
# message: Return seconds

# %% answer="judge_three"


async def judge(fetch, url):
    """Right, but for the unit."""
    before, new, held = set(threading.enumerate()), set(), 0.0
    call = asyncio.create_task(fetch(url))
    while not call.done():
        began = time.perf_counter()
        await asyncio.sleep(0.01)
        held = max(held, time.perf_counter() - began - 0.01)
        new |= set(threading.enumerate()) - before
    kind = "blocks" if held >= 0.1 else "threads" if new else "async"
    return kind, held * 1000
