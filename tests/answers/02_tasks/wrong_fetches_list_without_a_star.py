# exercise: fetches
# expect: fails
# test: fetches_visible
# message: put a star before the list

# %% answer="fetches"
async def fetch_all(urls):
    """`gather` takes each coroutine by itself, and no list of them."""
    return await asyncio.gather([fetch(url) for url in urls])
