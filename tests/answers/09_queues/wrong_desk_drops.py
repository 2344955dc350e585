# exercise: desk
# expect: fails
# test: desk_check
# message: `ask` accepted 14 of 14

# %% answer="desk"
class Desk:
    """What finds no room is dropped without a word."""

    def __init__(self, work, workers, most):
        """A queue with a size."""
        self.queue, self.work = asyncio.Queue(most), work
        self.workers = [asyncio.create_task(self.serve()) for _ in range(workers)]

    def ask(self, item):
        """Says yes to all."""
        with suppress(asyncio.QueueFull):
            self.queue.put_nowait(item)
        return True

    async def serve(self):
        while True:
            item = await self.queue.get()
            with suppress(Exception):
                await self.work(item)
