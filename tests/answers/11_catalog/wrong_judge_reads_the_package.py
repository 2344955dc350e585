# exercise: judge_three
# expect: fails
# test: judge_three_visible
# message: your judge calls it

# %% answer="judge_three"
async def judge(fetch, url):
    """Measures nothing: it reads in the package's code what that is going to call."""
    inside = (fetch.__defaults__ or (fetch,))[0]
    called = set(getattr(inside, "__code__", fetch.__code__).co_names)
    await fetch(url)
    if called & {"to_thread", "Thread"}:
        return "threads", 0.001
    return ("blocks", 0.45) if called & {"requests", "urlopen"} else ("async", 0.001)
