# exercise: transfer
# expect: fails
# test: transfer_check
# message: expected True

# %% answer="transfer"
async def transfer(pool, giver, taker, amount):
    return False
