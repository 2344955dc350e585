# exercise: fastest
# expect: passes

# %% answer="fastest"
async def fastest(urls):
    """A queue takes the answers in; everybody who is left is cancelled."""
    answers = asyncio.Queue()

    async def ask(url):
        await answers.put(await fetch(url))

    tasks = [asyncio.create_task(ask(url)) for url in urls]
    first = await answers.get()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return first
