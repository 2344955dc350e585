# exercise: pool
# expect: fails
# test: pool_check
# message: connection(s) were still open 1 s after

# %% answer="pool"
class Scores:
    """Five connections, which stay open when the bot goes to bed."""

    def __init__(self, dsn):
        self.dsn = dsn

    async def __aenter__(self):
        self.pool = await asyncpg.create_pool(self.dsn, min_size=1, max_size=5)
        return self

    async def __aexit__(self, *error):
        """Somebody else will close it."""

    async def add(self, name, points):
        return await self.pool.fetchval(ADD, points, name)
