# exercise: pool
# expect: fails
# test: pool_check
# message: more than 1 statement

# %% answer="pool"
class Scores:
    """At most five is one, and 199 people wait for it."""

    def __init__(self, dsn):
        self.dsn = dsn

    async def __aenter__(self):
        self.pool = await asyncpg.create_pool(self.dsn, min_size=1, max_size=1)
        return self

    async def __aexit__(self, *error):
        await self.pool.close()

    async def add(self, name, points):
        return await self.pool.fetchval(ADD, points, name)
