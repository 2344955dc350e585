# exercise: oracle_pool
# expect: fails
# test: oracle_pool_visible
# message: the lookup waited for a thread

# %% answer="oracle_pool"
async def oracle(url, question):
    """The pool that everybody uses; it is made small here, as it is on a small machine."""
    loop = asyncio.get_running_loop()
    if loop._default_executor is None:
        loop.set_default_executor(ThreadPoolExecutor(6))
    return await asyncio.to_thread(ask_oracle, url, question)
