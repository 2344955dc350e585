# exercise: fetches
# expect: passes

# %% answer="fetches"
async def fetch_all(urls):
    """A group of tasks."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(fetch(url)) for url in urls]
    return [task.result() for task in tasks]
