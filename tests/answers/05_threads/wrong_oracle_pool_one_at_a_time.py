# exercise: oracle_pool
# expect: fails
# test: oracle_pool_visible
# message: expected 4

# %% answer="oracle_pool"
ORACLE = ThreadPoolExecutor(1)


async def oracle(url, question):
    """One thread: safe, and four times as slow as need be."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(ORACLE, ask_oracle, url, question)
