# exercise: pool
# expect: fails
# test: pool_check
# message: Write `await` in front of

# %% answer="pool"
class Scores:
    """Makes a pool and never waits until its connections are there."""

    def __init__(self, dsn):
        self.dsn = dsn

    async def __aenter__(self):
        self.pool = asyncpg.create_pool(self.dsn, min_size=1, max_size=5)
        return self

    async def __aexit__(self, *error):
        await self.pool.close()

    async def add(self, name, points):
        return await self.pool.fetchval(ADD, points, name)
