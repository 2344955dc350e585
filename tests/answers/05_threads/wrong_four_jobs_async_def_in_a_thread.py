# exercise: four_jobs
# expect: fails
# test: four_jobs_weather_check
# message: an `async def` in a thread does nothing

# %% answer="four_jobs_weather"
async def ask(url):
    return jobs.ask_weather(url)


async def weather(url):
    """What the thread makes is a coroutine, which nobody awaits."""
    return await asyncio.to_thread(ask, url)
