# exercise: transfer
# expect: passes

# %% answer="transfer"
async def transfer(pool, giver, taker, amount):
    """Serializable transactions, and another attempt for whoever is sent back."""
    balance = "SELECT balance FROM accounts WHERE name = $1"
    put = "UPDATE accounts SET balance = $2 WHERE name = $1"
    while True:
        try:
            async with pool.acquire() as db, db.transaction(isolation="serializable"):
                has = await db.fetchval(balance, giver)
                gets = await db.fetchval(balance, taker)
                if gets is None or has < amount:
                    return False
                for name, coins in sorted([(giver, has - amount), (taker, gets + amount)]):
                    await db.execute(put, name, coins)
                return True
        except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
            await asyncio.sleep(random.uniform(0, 0.02))
