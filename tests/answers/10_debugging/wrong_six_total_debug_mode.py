# exercise: six_faults
# expect: fails
# test: six_faults_total_check
# message: the loop was held for

# %% answer="six_faults_total"
async def total(seed, number, effort):
    """Debug mode says that it was slow, and it is."""
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 10
    await asyncio.sleep(0)
    return sum([row async for row in rows(seed, number, effort)])
