# exercise: fetches
# expect: fails
# test: fetches_visible
# message: returned is of type Task

# %% answer="fetches"
async def fetch_all(urls):
    """Returns the tasks instead of what they found."""
    return [asyncio.create_task(fetch(url)) for url in urls]
