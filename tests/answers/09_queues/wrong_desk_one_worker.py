# exercise: desk
# expect: fails
# test: desk_check
# message: can be under way at the same time; there were 1

# %% answer="desk"
class Desk:
    """One at a time."""

    def __init__(self, work, workers, most):
        """As many places, but one worker."""
        self.queue, self.work = asyncio.Queue(workers + most - 1), work
        self.worker = asyncio.create_task(self.serve())

    def ask(self, item):
        """False when it is full."""
        if self.queue.full():
            return False
        self.queue.put_nowait(item)
        return True

    async def serve(self):
        while True:
            item = await self.queue.get()
            with suppress(Exception):
                await self.work(item)
