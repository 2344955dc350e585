# exercise: fastest
# expect: fails
# message: still at work

# %% answer="fastest"
async def fastest(urls):
    tasks = [asyncio.shield(asyncio.create_task(fetch(url))) for url in urls]
    try:
        for answer in asyncio.as_completed(tasks):
            with suppress(aiohttp.ClientError):
                return await answer
    finally:
        for task in tasks:
            task.cancel()
