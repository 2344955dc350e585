# exercise: joint_budget
# expect: passes
# test: joint_budget_visible

# %% answer="joint_budget"
class Duels:
    """Each takes its part of the budget: the more play, the shorter the slices."""

    def __init__(self, budget):
        self.budget, self.playing = budget, 0

    async def play(self, seed, throws):
        coin, lead, level = random.Random(seed), 0, 0
        self.playing += 1
        await asyncio.sleep(0)  # now all who came at this moment are counted
        turn = time.monotonic() + self.budget / self.playing
        for _ in range(throws):
            lead += 1 if coin.random() < 0.5 else -1
            level += lead == 0
            if time.monotonic() > turn:
                await asyncio.sleep(0)
                turn = time.monotonic() + self.budget / self.playing
        self.playing -= 1
        return lead, level
