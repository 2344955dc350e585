# exercise: transfer
# expect: fails
# message: and True is right

# %% answer="transfer"
async def transfer(pool, giver, taker, amount):
    return False
