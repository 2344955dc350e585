# exercise: stubborn
# expect: fails
# test: stubborn_check
# message: still trying

# %% answer="stubborn"
async def stubborn(url, patience, pause, deadline):
    async with asyncio.timeout(deadline):
        while True:
            try:
                async with asyncio.timeout(patience):
                    return await fetch(url)
            except:
                pass
            try:
                await asyncio.sleep(pause)
            except:
                pass
