# exercise: false_concurrency
# expect: passes

# %% answer="false_concurrency_ranks"
async def ranks(urls):
    """All at once."""
    return await asyncio.gather(*map(fetch, urls))


# %% answer="false_concurrency_votes"
async def votes(urls):
    """As they come: a sum has no order."""
    total = 0
    for vote in asyncio.as_completed([fetch(url) for url in urls]):
        total += await vote
    return total


# %% answer="false_concurrency_weather"
async def weather(cities):
    """A dict of tasks."""
    tasks = {city: asyncio.create_task(fetch(url)) for city, url in cities.items()}
    return {city: await task for city, task in tasks.items()}


# %% answer="false_concurrency_guests"
async def guests(urls):
    """All at once, then sorted."""
    return sorted(await asyncio.gather(*(fetch(url) for url in urls)))


# %% answer="false_concurrency_raid"
async def raid(captain, crew):
    """The captain, then a group."""
    words = [await fetch(captain)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(fetch(url)) for url in crew]
    return words + [task.result() for task in tasks]
