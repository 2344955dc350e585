# exercise: fetches
# expect: fails
# test: fetches_visible
# message: The server waited for 3 requests, and 1 had come after 0.8 s

# %% answer="fetches"
async def fetch_all(urls):
    """One after the other."""
    return [await fetch(url) for url in urls]
