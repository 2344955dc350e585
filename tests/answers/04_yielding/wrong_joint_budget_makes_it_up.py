# exercise: joint_budget
# expect: fails
# test: joint_budget_visible
# message: throws returned

# %% answer="joint_budget"
class Duels:
    """Quick, free, and untrue."""

    def __init__(self, budget):
        self.budget = budget

    async def play(self, seed, throws):
        await asyncio.sleep(0)
        return throws % 2, 0
