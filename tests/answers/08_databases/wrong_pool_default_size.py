# exercise: pool
# expect: fails
# test: pool_check
# message: Limit your pool

# %% answer="pool"
class Scores:
    """Ten connections, because nobody said otherwise."""

    def __init__(self, dsn):
        self.dsn = dsn

    async def __aenter__(self):
        self.pool = await asyncpg.create_pool(self.dsn)
        return self

    async def __aexit__(self, *error):
        await self.pool.close()

    async def add(self, name, points):
        return await self.pool.fetchval(ADD, points, name)
