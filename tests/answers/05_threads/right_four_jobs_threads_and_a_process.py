# exercise: four_jobs
# expect: passes

# %% answer="four_jobs_weather"
async def weather(url):
    """Waits, so: a thread."""
    return await asyncio.to_thread(jobs.ask_weather, url)


# %% answer="four_jobs_seed"
async def seed_of(rolls, seeds):
    """Many small steps of Python: a thread."""
    return await asyncio.to_thread(jobs.find_seed, rolls, seeds)


# %% answer="four_jobs_photo"
async def small_picture(photo):
    """Pillow lets go of the GIL: a thread."""
    return await asyncio.to_thread(jobs.shrink, photo)


# %% answer="four_jobs_ranking"
processes = ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("forkserver"))


async def deciles(season, players):
    """One long step: a process."""
    future = processes.submit(jobs.ranking, season, players)
    return await asyncio.wrap_future(future)
