# exercise: six_faults
# expect: fails
# message: it got nothing

# %% answer="six_faults_remember"
async def remember(url, line):
    """The line is not written at all."""
    return len(line)
