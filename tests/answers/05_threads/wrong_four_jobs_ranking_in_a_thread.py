# exercise: four_jobs
# expect: fails
# test: four_jobs_ranking_check
# message: keeps the GIL

# %% answer="four_jobs_ranking"
async def deciles(season, players):
    """Sent away, and yet the loop stands still: `sorted` is one step."""
    return await asyncio.to_thread(jobs.ranking, season, players)
