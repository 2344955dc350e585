# exercise: six_faults
# expect: fails
# test: six_faults_remember_check
# message: The web site got nothing

# %% answer="six_faults_remember"
async def remember(url, line):
    """The line is not written at all."""
    return len(line)
