# exercise: bounded
# expect: passes

# %% answer="bounded"
async def fetch_all(urls, most):
    """Whenever one is done, another is started."""
    tasks, pending = [], set()
    for url in urls:
        if len(pending) == most:
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        tasks.append(asyncio.create_task(fetch(url)))
        pending.add(tasks[-1])
    return await asyncio.gather(*tasks)
