# exercise: repair_five
# expect: fails
# test: repair_five_odds_check
# message: `count_sevens` is as it should be; your command called it on the loop

# %% answer="repair_five_odds"
async def odds(seed, throws):
    """One turn for the others at the beginning, none after it."""
    await asyncio.sleep(0)
    return count_sevens(seed, throws)
