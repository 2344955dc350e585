# exercise: pool
# expect: fails
# test: pool_check
# message: connections for

# %% answer="pool"
class Scores:
    """Five at a time, and a new one for each of the two hundred."""

    def __init__(self, dsn):
        self.dsn = dsn

    async def __aenter__(self):
        self.gate = asyncio.Semaphore(5)
        return self

    async def __aexit__(self, *error):
        pass

    async def add(self, name, points):
        async with self.gate:
            connection = await asyncpg.connect(self.dsn)
            try:
                return await connection.fetchval(ADD, points, name)
            finally:
                await connection.close()
