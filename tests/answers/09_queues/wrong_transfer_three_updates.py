# exercise: transfer
# expect: fails
# test: transfer_check
# message: one account was changed and the other was not

# %% answer="transfer"
async def transfer(pool, giver, taker, amount):
    """Take, give, and give back when nobody was there to take it; each statement for itself."""
    take = "UPDATE accounts SET balance = balance - $2 WHERE name = $1 AND balance >= $2"
    give = "UPDATE accounts SET balance = balance + $2 WHERE name = $1"
    if await pool.execute(take, giver, amount) == "UPDATE 0":
        return False
    if await pool.execute(give, taker, amount) == "UPDATE 1":
        return True
    await pool.execute(give, giver, amount)
    return False
