# exercise: pool
# expect: fails
# test: pool_check
# message: Points were lost

# %% answer="pool"
class Scores:
    """Keeps the books in Python."""

    def __init__(self, dsn):
        self.dsn = dsn

    async def __aenter__(self):
        self.points = {}
        return self

    async def __aexit__(self, *error):
        pass

    async def add(self, name, points):
        self.points[name] = self.points.get(name, 0) + points
        return self.points[name]
