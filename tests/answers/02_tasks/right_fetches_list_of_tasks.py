# exercise: fetches
# expect: passes

# %% answer="fetches"
async def fetch_all(urls):
    """A list of tasks, all of them made before the first is awaited."""
    tasks = [asyncio.create_task(fetch(url)) for url in urls]
    return [await task for task in tasks]
