# exercise: stubborn
# expect: fails
# test: stubborn_check
# message: still trying

# %% answer="stubborn"
async def stubborn(url, patience, pause, deadline):
    while True:
        try:
            async with asyncio.timeout(deadline):  # begins anew with each attempt
                async with asyncio.timeout(patience):
                    return await fetch(url)
        except (aiohttp.ClientError, TimeoutError):
            await asyncio.sleep(pause)
