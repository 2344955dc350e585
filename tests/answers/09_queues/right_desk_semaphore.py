# exercise: desk
# expect: passes

# %% answer="desk"
class Desk:
    """A task for each item, behind a gate, and a count of those who are inside."""

    def __init__(self, work, workers, most):
        """`workers` at once, `most` more waiting."""
        self.work, self.gate, self.room = work, asyncio.Semaphore(workers), workers + most
        self.tasks = set()

    def ask(self, item):
        """True when there was room."""
        if len(self.tasks) >= self.room:
            return False
        task = asyncio.create_task(self.serve(item))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return True

    async def serve(self, item):
        async with self.gate:
            with suppress(Exception):
                await self.work(item)
