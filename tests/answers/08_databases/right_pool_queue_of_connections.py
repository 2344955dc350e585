# exercise: pool
# expect: passes

# %% answer="pool"
class Scores:
    """Five connections in a queue: a pool by hand."""

    def __init__(self, dsn):
        self.dsn = dsn

    async def __aenter__(self):
        self.free = asyncio.Queue()
        for _ in range(5):
            self.free.put_nowait(await asyncpg.connect(self.dsn))
        return self

    async def __aexit__(self, *error):
        while not self.free.empty():
            await self.free.get_nowait().close()

    async def add(self, name, points):
        connection = await self.free.get()
        try:
            return await connection.fetchval(ADD, points, name)
        finally:
            self.free.put_nowait(connection)
