# exercise: bounded
# expect: passes

# %% answer="bounded"
async def fetch_all(urls, most):
    """So many workers, who take their addresses from one iterator."""
    pictures, work = {}, iter(list(enumerate(urls)))

    async def worker():
        for number, url in work:
            pictures[number] = await fetch(url)

    async with asyncio.TaskGroup() as group:
        for _ in range(most):
            group.create_task(worker())
    return [pictures[number] for number in range(len(urls))]
