# exercise: transfer
# expect: fails
# test: transfer_check
# message: `transfer` returned True

# %% answer="transfer"
async def transfer(pool, giver, taker, amount):
    put = "UPDATE accounts SET balance = $2 WHERE name = $1"
    async with pool.acquire() as db, db.transaction():
        rows = await db.fetch("SELECT name, balance FROM accounts")
        balance = {row["name"]: row["balance"] for row in rows}
        if taker not in balance or balance[giver] < amount:
            return False
        for name, coins in sorted([(giver, -amount), (taker, amount)]):
            await db.execute(put, name, balance[name] + coins)
        return True
