# exercise: stream
# expect: fails
# test: stream_check
# message: MB; the limit is 5 MB

# %% answer="stream"
async def export(dsn, path):
    """The loop is free, and the memory full."""

    def write():
        with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT * FROM lab_rolls ORDER BY id")
            rows = cursor.fetchall()
        with open(path, "w") as file:
            for row in rows:
                file.write("{},{},{}\n".format(*row))
        return len(rows)

    return await asyncio.to_thread(write)
