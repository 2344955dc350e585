# exercise: stubborn
# expect: passes

# %% answer="stubborn"
async def stubborn(url, patience, pause, deadline):
    """One loop with the deadline around it, `wait_for` for the attempts."""

    async def attempts():
        while True:
            try:
                return await asyncio.wait_for(fetch(url), patience)
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(pause)

    return await asyncio.wait_for(attempts(), deadline)
