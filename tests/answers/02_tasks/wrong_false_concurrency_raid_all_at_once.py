# exercise: false_concurrency
# expect: fails
# test: false_concurrency_raid_check
# message: Ask the captain first, then all the others at the same time

# %% answer="false_concurrency_raid"
async def raid(captain, crew):
    """Does not wait for the captain."""
    return await asyncio.gather(*(fetch(url) for url in [captain, *crew]))
