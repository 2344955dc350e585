# exercise: four_jobs
# expect: passes

# %% answer="four_jobs_weather"
four = ThreadPoolExecutor(4)
four.submit(int).result()


async def weather(url):
    """A pool made once; what waits lets go of the GIL."""
    return await asyncio.get_running_loop().run_in_executor(four, jobs.ask_weather, url)


# %% answer="four_jobs_seed"
async def seed_of(rolls, seeds):
    """Many small steps of Python, in the same pool."""
    return await asyncio.get_running_loop().run_in_executor(four, jobs.find_seed, rolls, seeds)


# %% answer="four_jobs_photo"
async def small_picture(photo):
    """Pillow lets go of the GIL."""
    return await asyncio.get_running_loop().run_in_executor(four, jobs.shrink, photo)


# %% answer="four_jobs_ranking"
spawned = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
spawned.submit(int).result()


async def deciles(season, players):
    """One long step: a pool of processes, made once and begun before the call."""
    return await asyncio.get_running_loop().run_in_executor(spawned, jobs.ranking, season, players)
