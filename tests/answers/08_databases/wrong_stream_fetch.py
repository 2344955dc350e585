# exercise: stream
# expect: fails
# test: stream_check
# message: Find the line that keeps all rows in memory

# %% answer="stream"
async def export(dsn, path):
    """All the rows, then all the lines."""
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("SELECT * FROM lab_rolls ORDER BY id")
    await connection.close()
    with open(path, "w") as file:
        for number, row in enumerate(rows):
            file.write("{},{},{}\n".format(*row))
            if number % 500 == 0:
                await asyncio.sleep(0)
    return len(rows)
