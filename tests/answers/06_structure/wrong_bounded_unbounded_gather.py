# exercise: bounded
# expect: fails
# test: bounded_check
# message: requests at the same time; the limit is 3

# %% answer="bounded"
async def fetch_all(urls, most):
    return await asyncio.gather(*(fetch(url) for url in urls))
