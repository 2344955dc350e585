# exercise: cooperative
# expect: passes

# %% answer="cooperative"
class gently:
    """An async iterator, written out."""

    def __init__(self, items, budget=0.005):
        self.items, self.budget = iter(items), budget
        self.began = time.perf_counter()

    def __aiter__(self):
        return self

    async def __anext__(self):
        if time.perf_counter() - self.began > self.budget:
            await asyncio.sleep(0)
            self.began = time.perf_counter()
        for item in self.items:
            return item
        raise StopAsyncIteration
