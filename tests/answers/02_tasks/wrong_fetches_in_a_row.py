# exercise: fetches
# expect: fails
# test: fetches_visible
# message: It had received 1 after 0.8 s

# %% answer="fetches"
async def fetch_all(urls):
    """One after the other."""
    return [await fetch(url) for url in urls]
