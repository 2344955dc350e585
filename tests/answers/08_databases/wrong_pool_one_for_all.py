# exercise: pool
# expect: fails
# test: pool_check
# message: one statement at a time

# %% answer="pool"
class Scores:
    """One connection, without a line in front of it."""

    def __init__(self, dsn):
        self.dsn = dsn

    async def __aenter__(self):
        self.connection = await asyncpg.connect(self.dsn)
        return self

    async def __aexit__(self, *error):
        await self.connection.close()

    async def add(self, name, points):
        return await self.connection.fetchval(ADD, points, name)
