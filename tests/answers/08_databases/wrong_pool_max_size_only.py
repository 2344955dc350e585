# exercise: pool
# expect: fails
# test: pool_check
# message: `min_size` is 10 by default

# %% answer="pool"
class Scores:
    """At most five, and at least ten."""

    def __init__(self, dsn):
        self.dsn = dsn

    async def __aenter__(self):
        self.pool = await asyncpg.create_pool(self.dsn, max_size=5)
        return self

    async def __aexit__(self, *error):
        await self.pool.close()

    async def add(self, name, points):
        return await self.pool.fetchval(ADD, points, name)
