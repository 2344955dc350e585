# exercise: oracle_pool
# expect: passes

# %% answer="oracle_pool"
ORACLE = ThreadPoolExecutor(max_workers=4)


async def oracle(url, question):
    """A pool of four, and its futures awaited."""
    return await asyncio.wrap_future(ORACLE.submit(ask_oracle, url, question))
