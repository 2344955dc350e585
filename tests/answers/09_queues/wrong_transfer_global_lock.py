# exercise: transfer
# expect: fails
# test: transfer_check
# message: no other transfer went on

# %% answer="transfer"
till = asyncio.Lock()


async def transfer(pool, giver, taker, amount):
    both = "SELECT name, balance FROM accounts WHERE name = ANY($1) ORDER BY name FOR UPDATE"
    add = "UPDATE accounts SET balance = balance + $2 WHERE name = $1"
    async with till, pool.acquire() as db, db.transaction():
        balance = {row["name"]: row["balance"] for row in await db.fetch(both, [giver, taker])}
        if taker not in balance or balance[giver] < amount:
            return False
        await db.execute(add, giver, -amount)
        await db.execute(add, taker, amount)
        return True
