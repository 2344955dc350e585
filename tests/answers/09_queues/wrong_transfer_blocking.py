# exercise: transfer
# expect: fails
# test: transfer_check
# message: the loop was held

# %% answer="transfer"
import psycopg2


async def transfer(pool, giver, taker, amount):
    async with pool.acquire() as db:
        settings = db._params
        host, port = db._addr
    db = psycopg2.connect(
        host=host, port=port, user=settings.user, password=settings.password,
        dbname=settings.database,
    )  # fmt: skip
    with db, db.cursor() as cursor:
        cursor.execute("SELECT balance FROM accounts WHERE name = %s FOR UPDATE", (giver,))
        return cursor.fetchone()[0] >= amount
