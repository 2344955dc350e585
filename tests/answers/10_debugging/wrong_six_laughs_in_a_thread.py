# exercise: six_faults
# expect: fails
# test: six_faults_laughs_check
# message: the loop was held for

# %% answer="six_faults_laughs"
async def laughs(words):
    """One call into C keeps the GIL, whichever thread it is on."""
    return [word for word in words if await asyncio.to_thread(LAUGHTER.fullmatch, word)]
