# exercise: false_concurrency
# expect: fails
# test: false_concurrency_ranks_check
# message: Make all tasks first, then await them

# %% answer="false_concurrency_ranks"
async def ranks(urls):
    """Unchanged."""
    found = []
    for url in urls:
        found.append(await asyncio.create_task(fetch(url)))
    return found
