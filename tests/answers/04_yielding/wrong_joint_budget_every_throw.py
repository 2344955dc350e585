# exercise: joint_budget
# expect: fails
# message: How often is there a turn

# %% answer="joint_budget"
class Duels:
    """The smallest slices there are."""

    def __init__(self, budget):
        self.budget = budget

    async def play(self, seed, throws):
        coin, lead, level = random.Random(seed), 0, 0
        for _ in range(throws):
            lead += 1 if coin.random() < 0.5 else -1
            level += lead == 0
            await asyncio.sleep(0)
        return lead, level
