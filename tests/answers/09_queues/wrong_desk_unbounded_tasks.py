# exercise: desk
# expect: fails
# message: `ask` accepted 14 of 14

# %% answer="desk"
class Desk:
    """The waiting are put into tasks that wait for a place in the queue."""

    def __init__(self, work, workers, most):
        """A queue with a size, and a crowd in front of it."""
        self.queue, self.work, self.crowd = asyncio.Queue(most), work, set()
        self.workers = [asyncio.create_task(self.serve()) for _ in range(workers)]

    def ask(self, item):
        """Says yes to all."""
        self.crowd.add(asyncio.create_task(self.queue.put(item)))
        return True

    async def serve(self):
        while True:
            item = await self.queue.get()
            with suppress(Exception):
                await self.work(item)
