# exercise: four_jobs
# expect: fails
# message: the loop stood still

# %% answer="four_jobs_seed"
async def seed_of(rolls, seeds):
    """As it is."""
    return jobs.find_seed(rolls, seeds)
