# exercise: pool
# expect: fails
# test: pool_check
# message: the limit is 5

# %% answer="pool"
class Scores:
    """A connection for each command: the server refuses the sixtieth."""

    def __init__(self, dsn):
        self.dsn = dsn

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        pass

    async def add(self, name, points):
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetchval(ADD, points, name)
        finally:
            await connection.close()
