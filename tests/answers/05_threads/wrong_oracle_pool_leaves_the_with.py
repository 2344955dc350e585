# exercise: oracle_pool
# expect: fails
# test: oracle_pool_visible
# message: the loop was held

# %% answer="oracle_pool"
async def oracle(url, question):
    """The end of the `with` waits for the answer, and the loop with it."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(4) as pool:
        answer = loop.run_in_executor(pool, ask_oracle, url, question)
    return await answer
