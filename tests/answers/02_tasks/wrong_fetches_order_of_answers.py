# exercise: fetches
# expect: fails
# test: fetches_visible
# message: ; expected

# %% answer="fetches"
async def fetch_all(urls):
    """In the order in which the pages answer."""
    return [await one for one in asyncio.as_completed([fetch(url) for url in urls])]
