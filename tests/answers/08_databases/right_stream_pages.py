# exercise: stream
# expect: passes

# %% answer="stream"
async def export(dsn, path):
    """Page after page, each begins behind the last number of the one before."""
    page = "SELECT * FROM lab_rolls WHERE id > $1 ORDER BY id LIMIT 10000"
    connection, last, lines = await asyncpg.connect(dsn), -1, 0
    await connection.execute("CREATE INDEX ON lab_rolls (id)")
    with open(path, "w") as file:
        while rows := await connection.fetch(page, last):
            for part in range(0, len(rows), 1000):
                file.writelines("{},{},{}\n".format(*row) for row in rows[part : part + 1000])
                await asyncio.sleep(0)
            last, lines = rows[-1]["id"], lines + len(rows)
    await connection.close()
    return lines
