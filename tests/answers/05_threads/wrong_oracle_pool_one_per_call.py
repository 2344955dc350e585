# exercise: oracle_pool
# expect: fails
# test: oracle_pool_visible
# message: the limit is 4

# %% answer="oracle_pool"
async def oracle(url, question):
    """A pool of four for each question: eighty threads, twenty questions at a time."""
    loop = asyncio.get_running_loop()
    pool = ThreadPoolExecutor(4)
    return await loop.run_in_executor(pool, ask_oracle, url, question)
