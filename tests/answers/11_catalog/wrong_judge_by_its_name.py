# exercise: judge_three
# expect: fails
# test: judge_three_visible
# message: your judge calls it 'async'

# %% answer="judge_three"


async def judge(fetch, url):
    """It is a coroutine function, so it must be async."""
    import inspect

    await fetch(url)
    return ("async" if inspect.iscoroutinefunction(fetch) else "blocks"), 0.0
