# exercise: stream
# expect: fails
# test: stream_check
# message: the loop was held

# %% answer="stream"
async def export(dsn, path):
    """Little memory, and a blocking cursor on the loop."""
    lines = 0
    with closing(psycopg2.connect(dsn)) as connection:
        with connection.cursor("history") as cursor, open(path, "w") as file:
            cursor.execute("SELECT * FROM lab_rolls ORDER BY id")
            for row in cursor:
                file.write("{},{},{}\n".format(*row))
                lines += 1
    return lines
