# exercise: six_faults
# expect: passes

# %% answer="six_faults_quote"
async def quote(urls):
    """The library's own function, one mirror at a time, so that it has nothing to pause for."""
    for number, url in enumerate(urls):
        try:
            if number:
                await asyncio.sleep(0.5)
            return (await first_that_works([url]))["quote"]
        except LookupError:
            pass


# %% answer="six_faults_laughs"
async def laughs(words):
    """An atomic step: each letter can match in one way only."""
    return [word for word in words if re.fullmatch(r"ha(?:ha)*!", word)]


# %% answer="six_faults_remember"
async def remember(url, line):
    """What the collector does, with an async client."""
    async with aiohttp.ClientSession() as session, session.post(url, json={"line": line}) as page:
        await page.read()
    return len(line)


# %% answer="six_faults_votes"
async def votes(url, given):
    """Publishing is a task of its own, and awaited."""
    result = await count(given)
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        group.create_task(session.post(url, json={"result": result}))
    return result


# %% answer="six_faults_sizes"
async def sizes(urls):
    """No threads at all."""

    async def one(session, url):
        async with session.get(url) as page:
            return (await page.json())["size"]

    async with aiohttp.ClientSession() as session:
        return list(await asyncio.gather(*(one(session, url) for url in urls)))


# %% answer="six_faults_total"
async def total(seed, number, effort):
    """The generator by hand, a few rows at a time."""
    table, result = rows(seed, number, effort), 0
    for _ in range(0, number, 5):
        for _ in range(5):
            result += await anext(table, 0)
        await asyncio.sleep(0)
    return result
