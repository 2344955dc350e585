# exercise: joint_budget
# expect: passes
# test: joint_budget_visible

# %% answer="joint_budget"
class Duels:
    """One task computes for all, a slice for each in turn; the players wait for their results."""

    def __init__(self, budget):
        self.budget, self.waiting, self.worker = budget, [], None

    async def play(self, seed, throws):
        result = asyncio.get_running_loop().create_future()
        self.waiting.append([random.Random(seed), 0, 0, throws, result])
        if self.worker is None:
            self.worker = asyncio.create_task(self.work())
        return await result

    async def work(self):
        while self.waiting:
            duel = self.waiting.pop(0)
            coin, lead, level, left, result = duel
            turn = time.monotonic() + self.budget
            while left and time.monotonic() < turn:
                lead += 1 if coin.random() < 0.5 else -1
                level += lead == 0
                left -= 1
            if left:
                self.waiting.append([coin, lead, level, left, result])
            else:
                result.set_result((lead, level))
            await asyncio.sleep(0)
        self.worker = None
