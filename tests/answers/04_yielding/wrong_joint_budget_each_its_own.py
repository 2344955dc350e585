# exercise: joint_budget
# expect: fails
# test: joint_budget_visible
# message: the loop was held

# %% answer="joint_budget"
class Duels:
    """Every duel has the whole budget for itself."""

    def __init__(self, budget):
        self.budget = budget

    async def play(self, seed, throws):
        coin, lead, level = random.Random(seed), 0, 0
        turn = time.monotonic() + self.budget
        for _ in range(throws):
            lead += 1 if coin.random() < 0.5 else -1
            level += lead == 0
            if time.monotonic() > turn:
                await asyncio.sleep(0)
                turn = time.monotonic() + self.budget
        return lead, level
