# exercise: four_jobs
# expect: fails
# test: four_jobs_ranking_check
# message: A process finds a function by its name in a file

# %% answer="four_jobs_ranking"
processes = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


async def deciles(season, players):
    """A lambda has no name that another process could look up."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(processes, lambda: jobs.ranking(season, players))
