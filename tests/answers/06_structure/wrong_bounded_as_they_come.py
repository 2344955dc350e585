# exercise: bounded
# expect: fails
# test: bounded_check
# message: expected [{

# %% answer="bounded"
async def fetch_all(urls, most):
    gate = asyncio.Semaphore(most)
    pictures = []

    async def one(url):
        async with gate:
            pictures.append(await fetch(url))  # in the order of the answers

    await asyncio.gather(*map(one, urls))
    return pictures
