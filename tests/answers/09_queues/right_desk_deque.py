# exercise: desk
# expect: passes

# %% answer="desk"
from collections import deque


class Desk:
    """A list of those who wait; whoever is done fetches the next."""

    def __init__(self, work, workers, most):
        """`workers` at once, `most` more waiting."""
        self.work, self.workers, self.most = work, workers, most
        self.waiting, self.busy = deque(), set()

    def ask(self, item):
        """True when there was room."""
        if len(self.busy) < self.workers:
            task = asyncio.create_task(self.serve(item))
            self.busy.add(task)
            task.add_done_callback(self.busy.discard)
        elif len(self.waiting) < self.most:
            self.waiting.append(item)
        else:
            return False
        return True

    async def serve(self, item):
        while True:
            try:
                await self.work(item)
            except Exception:
                pass
            if not self.waiting:
                return
            item = self.waiting.popleft()
