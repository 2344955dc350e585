# exercise: pool
# expect: fails
# test: pool_check
# message: Give each connection back

# %% answer="pool"
class Scores:
    """Takes a connection from the pool for each command, and keeps it."""

    def __init__(self, dsn):
        self.dsn = dsn

    async def __aenter__(self):
        self.pool = await asyncpg.create_pool(self.dsn, min_size=1, max_size=5)
        return self

    async def __aexit__(self, *error):
        self.pool.terminate()

    async def add(self, name, points):
        connection = await self.pool.acquire()
        return await connection.fetchval(ADD, points, name)
