# exercise: stubborn
# expect: fails
# test: stubborn_check
# message: A page always hangs. The deadline for all attempts

# %% answer="stubborn"
async def stubborn(url, patience, pause, deadline):
    async with asyncio.timeout(deadline):
        while True:
            try:
                async with asyncio.timeout(patience):
                    return await fetch(url)
            except:
                pass
            await asyncio.sleep(pause)
