# exercise: four_jobs
# expect: fails
# test: four_jobs_ranking_check
# message: keeps the GIL

# %% answer="four_jobs_ranking"
ranks = ThreadPoolExecutor(4)
ranks.submit(int).result()


async def deciles(season, players):
    """Sent to a pool made once, whose threads are older than the call: `sorted` is one step."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(ranks, jobs.ranking, season, players)
