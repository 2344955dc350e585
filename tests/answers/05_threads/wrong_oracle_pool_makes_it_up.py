# exercise: oracle_pool
# expect: fails
# test: oracle_pool_visible
# message: the oracle heard 0

# %% answer="oracle_pool"
NUMBERS = iter(range(1, 1000))


async def oracle(url, question):
    """The oracle only counts; so can we."""
    await asyncio.sleep(0.3)
    return next(NUMBERS)
