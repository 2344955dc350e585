# exercise: judge_three
# expect: fails
# test: judge_three_visible
# message: your judge calls it 'blocks'

# %% answer="judge_three"


async def judge(fetch, url):
    """What takes half a second must have blocked for half a second."""
    began = time.perf_counter()
    await fetch(url)
    held = time.perf_counter() - began
    return ("blocks" if held > 0.1 else "async"), held
