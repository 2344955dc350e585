# exercise: transfer
# expect: fails
# test: transfer_check
# message: Always lock both rows in the same order

# %% answer="transfer"
async def transfer(pool, giver, taker, amount):
    has = "SELECT balance FROM accounts WHERE name = $1 FOR UPDATE"
    add = "UPDATE accounts SET balance = balance + $2 WHERE name = $1"
    async with pool.acquire() as db, db.transaction():
        balance = await db.fetchval(has, giver)
        if await db.fetchval(has, taker) is None or balance < amount:
            return False
        await db.execute(add, giver, -amount)
        await db.execute(add, taker, amount)
        return True
