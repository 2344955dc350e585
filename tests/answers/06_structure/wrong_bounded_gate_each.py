# exercise: bounded
# expect: fails
# test: bounded_check
# message: requests at the same time; the limit is 3

# %% answer="bounded"
async def fetch_all(urls, most):
    async def one(url):
        async with asyncio.Semaphore(most):  # a gate of its own for each
            return await fetch(url)

    return await asyncio.gather(*map(one, urls))
