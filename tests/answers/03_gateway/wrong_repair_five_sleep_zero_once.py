# exercise: repair_five
# expect: fails
# message: the loop stood still for

# %% answer="repair_five_odds"
async def odds(seed, throws):
    """One turn for the others at the beginning, none after it."""
    await asyncio.sleep(0)
    return count_sevens(seed, throws)
