# exercise: four_jobs
# expect: passes
# test: four_jobs_ranking_check

# %% answer="four_jobs_ranking"
processes = ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("forkserver"))


async def deciles(season, players):
    """One long step: a process."""
    future = processes.submit(jobs.ranking, season, players)
    return await asyncio.wrap_future(future)
