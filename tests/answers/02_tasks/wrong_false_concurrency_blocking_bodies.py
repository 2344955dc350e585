# exercise: false_concurrency
# expect: fails
# test: false_concurrency_weather_check
# message: the loop was held for

# %% answer="false_concurrency_weather"
async def weather(cities):
    """Tasks made first, and awaited later; but their bodies block."""

    async def one(url):
        return requests.get(url).json()

    tasks = {city: asyncio.create_task(one(url)) for city, url in cities.items()}
    return {city: await task for city, task in tasks.items()}
