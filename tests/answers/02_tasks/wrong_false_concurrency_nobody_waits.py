# exercise: false_concurrency
# expect: fails
# test: false_concurrency_ranks_check
# message: when your function returned. Request every page

# %% answer="false_concurrency_ranks"
async def ranks(urls):
    """Tasks that nobody waits for."""
    found = []

    async def ask(url):
        found.append(await fetch(url))

    for url in urls:
        asyncio.create_task(ask(url))
    return found


# %% answer="false_concurrency_votes"
async def votes(urls):
    """A guess."""
    return 42
