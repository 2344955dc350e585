# exercise: repair_five
# expect: fails
# test: repair_five_odds_check
# message: ; expected

# %% answer="repair_five_odds"
async def odds(seed, throws):
    """What it should be on average, without throwing."""
    return throws // 6
