# exercise: bounded
# expect: fails
# test: bounded_check
# message: Make a task for each page

# %% answer="bounded"
async def fetch_all(urls, most):
    gate = asyncio.Semaphore(most)
    pictures = []
    for url in urls:
        async with gate:
            pictures.append(await fetch(url))
    return pictures
