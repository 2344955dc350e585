# exercise: desk
# expect: fails
# test: desk_check
# message: the loop was held

# %% answer="desk"
import queue


class Desk:
    """The queue of threads."""

    def __init__(self, work, workers, most):
        """A queue with a size."""
        self.queue, self.work = queue.Queue(most), work
        self.workers = [asyncio.create_task(self.serve()) for _ in range(workers)]

    def ask(self, item):
        """False when it is full."""
        try:
            self.queue.put_nowait(item)
        except queue.Full:
            return False
        return True

    async def serve(self):
        while True:
            item = self.queue.get()
            with suppress(Exception):
                await self.work(item)
