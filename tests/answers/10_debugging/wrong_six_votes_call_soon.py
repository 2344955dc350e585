# exercise: six_faults
# expect: fails
# test: six_faults_votes_check
# message: the loop was held for

# %% answer="six_faults_votes"
async def votes(url, given):
    """Later on the same loop is not somewhere else."""
    result = await count(given)
    asyncio.get_running_loop().call_soon(publish, url, result)
    await asyncio.sleep(0.01)
    return result
