# exercise: six_faults
# expect: fails
# test: six_faults_remember_check
# message: Await the work before the command returns

# %% answer="six_faults_remember"
async def remember(url, line):
    """Nobody waits for the thread."""
    asyncio.get_running_loop().run_in_executor(None, diary(url).info, line)
    return len(line)
