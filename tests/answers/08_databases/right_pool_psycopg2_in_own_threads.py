# exercise: pool
# expect: passes

# %% answer="pool"
class Scores:
    """Four threads, each with a blocking connection of its own."""

    def __init__(self, dsn):
        self.dsn = dsn

    async def __aenter__(self):
        self.connections = []
        self.threads = ThreadPoolExecutor(4)
        return self

    async def __aexit__(self, *error):
        self.threads.shutdown(wait=False)
        for connection in self.connections:
            connection.close()

    def run(self, name, points):
        try:
            connection = self.connections.pop()
        except IndexError:
            connection = psycopg2.connect(self.dsn)
        with connection, connection.cursor() as cursor:
            cursor.execute(ADD_PSYCOPG, (points, name))
            now = cursor.fetchone()[0]
        self.connections.append(connection)
        return now

    async def add(self, name, points):
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.threads, self.run, name, points)
