# exercise: oracle_pool
# expect: fails
# test: oracle_pool_visible
# message: the loop was held

# %% answer="oracle_pool"
async def oracle(url, question):
    """As it was."""
    return ask_oracle(url, question)
