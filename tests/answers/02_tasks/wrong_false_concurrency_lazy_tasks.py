# exercise: false_concurrency
# expect: fails
# test: false_concurrency_votes_check
# message: It had received 1 after 0.8 s

# %% answer="false_concurrency_votes"
async def votes(urls):
    """Unchanged: the generator makes a task when it is asked for one."""
    tasks = (asyncio.create_task(fetch(url)) for url in urls)
    return sum([await task for task in tasks])
