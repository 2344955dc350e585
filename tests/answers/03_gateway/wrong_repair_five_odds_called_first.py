# exercise: repair_five
# expect: fails
# test: repair_five_odds_check
# message: `count_sevens` was called on the loop, before `to_thread` was

# %% answer="repair_five_odds"
async def odds(seed, throws):
    """The result is handed to the thread, which wants a function."""
    return await asyncio.to_thread(count_sevens(seed, throws))
