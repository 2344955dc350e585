# exercise: stubborn
# expect: fails
# test: stubborn_check
# message: Was the first attempt given up

# %% answer="stubborn"
async def stubborn(url, patience, pause, deadline):
    async with asyncio.timeout(deadline):
        while True:
            try:
                return await fetch(url)
            except aiohttp.ClientError:
                await asyncio.sleep(pause)
