# exercise: stream
# expect: fails
# test: stream_check
# message: lines; expected

# %% answer="stream"
async def export(dsn, path):
    """What fits."""
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("SELECT * FROM lab_rolls ORDER BY id LIMIT 10000")
    await connection.close()
    with open(path, "w") as file:
        file.writelines("{},{},{}\n".format(*row) for row in rows)
    return len(rows)
