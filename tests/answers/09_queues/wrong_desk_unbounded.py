# exercise: desk
# expect: fails
# test: desk_check
# message: `ask` accepted 14 of 14

# %% answer="desk"
class Desk:
    """The queue has no size."""

    def __init__(self, work, workers, most):
        """No end."""
        self.queue, self.work = asyncio.Queue(), work
        self.workers = [asyncio.create_task(self.serve()) for _ in range(workers)]

    def ask(self, item):
        """Takes everything."""
        self.queue.put_nowait(item)
        return True

    async def serve(self):
        while True:
            item = await self.queue.get()
            with suppress(Exception):
                await self.work(item)
