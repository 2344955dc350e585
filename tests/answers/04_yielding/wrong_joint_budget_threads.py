# exercise: joint_budget
# expect: fails
# test: joint_budget_visible
# message: the loop was held

# %% answer="joint_budget"
from concurrent.futures import ThreadPoolExecutor


class Duels:
    """A thread for each: they all want the same interpreter, and the loop stands in their line."""

    def __init__(self, budget):
        self.pool = ThreadPoolExecutor(64)

    async def play(self, seed, throws):
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.pool, play, seed, throws)
