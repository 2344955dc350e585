# exercise: six_faults
# expect: fails
# test: six_faults_sizes_check
# message: Make all requests at the same time

# %% answer="six_faults_sizes"
async def sizes(urls):
    """The loop is free, and the photos come one after the other."""
    return [await asyncio.to_thread(download, url) for url in urls]
