# exercise: stubborn
# expect: fails
# test: stubborn_check
# message: A page failed 2 times

# %% answer="stubborn"
async def stubborn(url, patience, pause, deadline):
    try:
        return await asyncio.wait_for(fetch(url), patience)
    except Exception:
        raise TimeoutError
