# exercise: pool
# expect: fails
# test: pool_check
# message: and its arguments

# %% answer="pool"
class Scores:
    """Gives the statement its name where it wants the points."""

    def __init__(self, dsn):
        self.dsn = dsn

    async def __aenter__(self):
        self.pool = await asyncpg.create_pool(self.dsn, min_size=1, max_size=5)
        return self

    async def __aexit__(self, *error):
        await self.pool.close()

    async def add(self, name, points):
        return await self.pool.fetchval(ADD, name, points)
