# exercise: pool
# expect: fails
# test: pool_check
# message: the loop was held

# %% answer="pool"
class Scores:
    """A blocking driver on the loop."""

    def __init__(self, dsn):
        self.dsn = dsn

    async def __aenter__(self):
        self.connection = psycopg2.connect(self.dsn)
        return self

    async def __aexit__(self, *error):
        self.connection.close()

    async def add(self, name, points):
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(ADD_PSYCOPG, (points, name))
            return cursor.fetchone()[0]
