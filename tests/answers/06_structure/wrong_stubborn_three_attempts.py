# exercise: stubborn
# expect: fails
# message: it ended in ('None', 3)

# %% answer="stubborn"
async def stubborn(url, patience, pause, deadline):
    for number in range(3):
        try:
            async with asyncio.timeout(patience):
                return await fetch(url)
        except (aiohttp.ClientError, TimeoutError):
            await asyncio.sleep(pause)
    return "None", number + 1
