# exercise: bounded
# expect: fails
# test: bounded_check
# message: as in a batch

# %% answer="bounded"
async def fetch_all(urls, most):
    pictures = []
    for start in range(0, len(urls), most):
        pictures += await asyncio.gather(*map(fetch, urls[start : start + most]))
    return pictures
