# exercise: fastest
# expect: passes

# %% answer="fastest"
async def fastest(urls):
    """In the order of their answers; the first good one wins."""
    tasks = [asyncio.create_task(fetch(url)) for url in urls]
    try:
        for answer in asyncio.as_completed(tasks):
            with suppress(aiohttp.ClientError):
                return await answer
        raise aiohttp.ClientError("nobody answered")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
