# exercise: fastest
# expect: fails
# test: fastest_check
# message: were asked before one answered

# %% answer="fastest"
async def fastest(urls):
    for url in urls:
        with suppress(aiohttp.ClientError):
            return await fetch(url)
