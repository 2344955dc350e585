# exercise: repair_five
# expect: fails
# test: repair_five_oracle_check
# message: ; expected

# %% answer="repair_five_oracle"
async def oracle(url, question):
    """Nobody is asked."""
    return "the stars are silent"
