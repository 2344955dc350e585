# exercise: judge_three
# expect: fails
# test: judge_three_visible
# message: never called

# %% answer="judge_three"


async def judge(fetch, url):
    """Two of three are right, by luck."""
    return random.choice(["blocks", "threads", "async"]), 0.0
