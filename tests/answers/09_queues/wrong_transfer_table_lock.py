# exercise: transfer
# expect: fails
# message: nobody else could pay

# %% answer="transfer"
async def transfer(pool, giver, taker, amount):
    add = "UPDATE accounts SET balance = balance + $2 WHERE name = $1"
    async with pool.acquire() as db, db.transaction():
        await db.execute("LOCK TABLE accounts IN EXCLUSIVE MODE")
        rows = await db.fetch("SELECT name, balance FROM accounts")
        balance = {row["name"]: row["balance"] for row in rows}
        if taker not in balance or balance[giver] < amount:
            return False
        await db.execute(add, giver, -amount)
        await db.execute(add, taker, amount)
        return True
