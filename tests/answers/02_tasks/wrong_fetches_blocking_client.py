# exercise: fetches
# expect: fails
# test: fetches_visible
# message: the loop was held for

# %% answer="fetches"
async def fetch_all(urls):
    """Tasks that hold the loop."""

    async def one(url):
        return requests.get(url).json()

    return await asyncio.gather(*(one(url) for url in urls))
