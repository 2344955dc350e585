# exercise: repair_five
# expect: fails
# test: repair_five_odds_check
# message: the loop was held for

# %% answer="repair_five_odds"
async def odds(seed, throws):
    """As it was: `async def` does not hand the loop back."""
    dice, sevens = random.Random(seed), 0
    for _ in range(throws):
        if dice.randint(1, 6) + dice.randint(1, 6) == 7:
            sevens += 1
    return sevens
