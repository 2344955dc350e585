# exercise: round_robin
# expect: fails
# test: round_robin_visible
# message: it must be a plain `def` that returns a list

# %% answer="round_robin"
async def run_all(coroutines):
    """asyncio's loop instead of one's own."""
    return await asyncio.gather(*coroutines)
