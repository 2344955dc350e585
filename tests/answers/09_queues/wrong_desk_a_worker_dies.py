# exercise: desk
# expect: fails
# test: desk_check
# message: A worker must go on after an error

# %% answer="desk"
class Desk:
    """An error ends the worker that meets it."""

    def __init__(self, work, workers, most):
        """A queue with a size."""
        self.queue, self.work = asyncio.Queue(most), work
        self.workers = [asyncio.create_task(self.serve()) for _ in range(workers)]

    def ask(self, item):
        """False when it is full."""
        if self.queue.full():
            return False
        self.queue.put_nowait(item)
        return True

    async def serve(self):
        while True:
            await self.work(await self.queue.get())
