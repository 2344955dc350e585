# exercise: joint_budget
# expect: fails
# test: joint_budget_visible
# message: the loop was held

# %% answer="joint_budget"
class Duels:
    """Hands the stick on before the loop had its turn: the next takes it in the same round."""

    def __init__(self, budget):
        self.budget, self.stick = budget, asyncio.Lock()

    async def play(self, seed, throws):
        coin, lead, level, done = random.Random(seed), 0, 0, 0
        while done < throws:
            async with self.stick:
                turn = time.monotonic() + self.budget
                while done < throws and time.monotonic() < turn:
                    lead += 1 if coin.random() < 0.5 else -1
                    level += lead == 0
                    done += 1
            await asyncio.sleep(0)
        return lead, level
