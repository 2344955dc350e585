# exercise: false_concurrency
# expect: passes

# %% answer="false_concurrency_ranks"
async def ranks(urls):
    """`asyncio.wait` waits for a list of tasks, too."""
    tasks = [asyncio.ensure_future(fetch(url)) for url in urls]
    await asyncio.wait(tasks)
    return [task.result() for task in tasks]


# %% answer="false_concurrency_votes"
async def votes(urls):
    """A shared sum: between two awaits nobody else runs."""
    total = 0

    async def count(url):
        nonlocal total
        vote = await fetch(url)
        total += vote

    async with asyncio.TaskGroup() as group:
        for url in urls:
            group.create_task(count(url))
    return total


# %% answer="false_concurrency_weather"
async def weather(cities):
    """The blocking client may stay, in threads (unit 05)."""
    pages = (asyncio.to_thread(requests.get, url) for url in cities.values())
    return {city: page.json() for city, page in zip(cities, await asyncio.gather(*pages))}


# %% answer="false_concurrency_guests"
async def guests(urls):
    """Tasks that write into one list."""
    names = []

    async def ask(url):
        names.append(await fetch(url))

    await asyncio.gather(*(ask(url) for url in urls))
    names.sort()
    return names


# %% answer="false_concurrency_raid"
async def raid(captain, crew):
    """One session for all of them."""
    async with aiohttp.ClientSession() as session:

        async def ask(url):
            async with session.get(url) as page:
                return await page.json()

        first = await ask(captain)
        return [first, *(await asyncio.gather(*map(ask, crew)))]
