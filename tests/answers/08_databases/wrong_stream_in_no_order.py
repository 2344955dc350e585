# exercise: stream
# expect: fails
# test: stream_check
# message: in the order of the ids

# %% answer="stream"
async def export(dsn, path):
    """A cursor, and rows as they lie."""
    connection, lines = await asyncpg.connect(dsn), 0
    with open(path, "w") as file:
        async with connection.transaction():
            async for row in connection.cursor("SELECT * FROM lab_rolls", prefetch=1000):
                file.write("{},{},{}\n".format(*row))
                lines += 1
    await connection.close()
    return lines
