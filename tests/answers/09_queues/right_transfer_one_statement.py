# exercise: transfer
# expect: passes

# %% answer="transfer"
MOVE = """
WITH both_rows AS (
    SELECT name, balance FROM accounts WHERE name IN ($1, $2) ORDER BY name FOR UPDATE
)
UPDATE accounts SET balance = accounts.balance + CASE accounts.name WHEN $1 THEN -$3 ELSE $3 END
FROM (
    SELECT count(*) AS found, min(balance) FILTER (WHERE name = $1) AS has FROM both_rows
) AS seen
WHERE accounts.name IN ($1, $2) AND seen.found = 2 AND seen.has >= $3
"""


async def transfer(pool, giver, taker, amount):
    """All in one statement, which locks, looks and pays."""
    async with pool.acquire() as db:
        return await db.execute(MOVE.replace("$3", f"({int(amount)})"), giver, taker) == "UPDATE 2"
