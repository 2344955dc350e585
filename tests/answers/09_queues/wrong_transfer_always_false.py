# exercise: transfer
# expect: fails
# test: transfer_check
# message: and True is right

# %% answer="transfer"
async def transfer(pool, giver, taker, amount):
    return False
