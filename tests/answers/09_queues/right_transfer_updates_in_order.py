# exercise: transfer
# expect: passes

# %% answer="transfer"
class NoDeal(Exception):
    """Ends a transaction, so that nothing of it is kept."""


async def transfer(pool, giver, taker, amount):
    """Two conditional updates, in the order of the names, whichever is the payer's."""
    change = "UPDATE accounts SET balance = balance + $2 WHERE name = $1 AND balance + $2 >= 0"
    try:
        async with pool.acquire() as db, db.transaction():
            for name, coins in sorted([(giver, -amount), (taker, amount)]):
                if await db.execute(change, name, coins) == "UPDATE 0":
                    raise NoDeal
    except NoDeal:
        return False
    return True
