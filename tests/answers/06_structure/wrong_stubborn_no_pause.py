# exercise: stubborn
# expect: fails
# test: stubborn_check
# message: Between two attempts

# %% answer="stubborn"
async def stubborn(url, patience, pause, deadline):
    async with asyncio.timeout(deadline):
        while True:
            with suppress(aiohttp.ClientError, TimeoutError):
                async with asyncio.timeout(patience):
                    return await fetch(url)
