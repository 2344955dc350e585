# exercise: transfer
# expect: fails
# test: transfer_check
# message: and paid more than there was

# %% answer="transfer"
async def transfer(pool, giver, taker, amount):
    add = "UPDATE accounts SET balance = balance + $2 WHERE name = $1"
    async with pool.acquire() as db, db.transaction():
        names = await db.fetch("SELECT name, balance FROM accounts")
        balance = {row["name"]: row["balance"] for row in names}
        if taker not in balance or balance[giver] < amount:
            return False
        for name, coins in sorted([(giver, -amount), (taker, amount)]):
            await db.execute(add, name, coins)
        return True
