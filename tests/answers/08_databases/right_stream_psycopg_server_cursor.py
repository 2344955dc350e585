# exercise: stream
# expect: passes

# %% answer="stream"
async def export(dsn, path):
    """psycopg: a cursor with a name lives on the server."""
    lines = 0
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        async with connection.cursor(name="history") as cursor:
            cursor.itersize = 2000
            await cursor.execute("SELECT * FROM lab_rolls ORDER BY id")
            with open(path, "w") as file:
                async for row in cursor:
                    file.write("{},{},{}\n".format(*row))
                    lines += 1
    return lines
