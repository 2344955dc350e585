# exercise: repair_five
# expect: fails
# message: ; expected

# %% answer="repair_five_oracle"
async def oracle(url, question):
    """Nobody is asked."""
    return "the stars are silent"
