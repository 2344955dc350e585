# exercise: four_jobs
# expect: fails
# test: four_jobs_seed_check
# message: the loop was held

# %% answer="four_jobs_seed"
async def seed_of(rolls, seeds):
    """As it is."""
    return jobs.find_seed(rolls, seeds)
