# exercise: fetches
# expect: fails
# test: fetches_visible
# message: Make all tasks first, then await them

# %% answer="fetches"
async def fetch_all(urls):
    """A task for each, and each awaited at once."""
    pages = []
    for url in urls:
        pages.append(await asyncio.create_task(fetch(url)))
    return pages
