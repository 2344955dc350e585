# exercise: stream
# expect: passes

# %% answer="stream"
async def export(dsn, path):
    """PostgreSQL writes the CSV, and asyncpg passes the bytes on."""
    connection = await asyncpg.connect(dsn)
    try:
        done = await connection.copy_from_query(
            "SELECT * FROM lab_rolls ORDER BY id", output=path, format="csv"
        )
    finally:
        await connection.close()
    return int(done.split()[-1])
