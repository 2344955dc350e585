# exercise: transfer
# expect: fails
# message: nobody else could pay

# %% answer="transfer"
async def transfer(pool, giver, taker, amount):
    return False
