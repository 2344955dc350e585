# exercise: desk
# expect: fails
# test: desk_check
# message: it returned ['a coroutine'

# %% answer="desk"
class Desk:
    """`ask` became a coroutine function, and waits."""

    def __init__(self, work, workers, most):
        """A queue with a size."""
        self.queue, self.work = asyncio.Queue(most), work
        self.workers = [asyncio.create_task(self.serve()) for _ in range(workers)]

    async def ask(self, item):
        """Waits until there is room."""
        await self.queue.put(item)
        return True

    async def serve(self):
        while True:
            item = await self.queue.get()
            with suppress(Exception):
                await self.work(item)
