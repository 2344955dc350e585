# exercise: four_jobs
# expect: fails
# test: four_jobs_weather_check
# message: after a comma

# %% answer="four_jobs_weather"
async def weather(url):
    """A bracket where a comma belongs."""
    return await asyncio.to_thread(jobs.ask_weather(url))
