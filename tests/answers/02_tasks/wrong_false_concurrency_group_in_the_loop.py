# exercise: false_concurrency
# expect: fails
# test: false_concurrency_guests_check
# message: Make all tasks first, then await them

# %% answer="false_concurrency_guests"
async def guests(urls):
    """Unchanged: a group for each."""
    tasks = []
    for url in urls:
        async with asyncio.TaskGroup() as group:
            tasks.append(group.create_task(fetch(url)))
    return sorted(task.result() for task in tasks)
