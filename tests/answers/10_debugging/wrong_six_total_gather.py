# exercise: six_faults
# expect: fails
# test: six_faults_total_check
# message: the loop was held for

# %% answer="six_faults_total"
async def total(seed, number, effort):
    """A task around it does not make it wait."""

    async def add():
        return sum([row async for row in rows(seed, number, effort)])

    return (await asyncio.gather(add()))[0]
