# exercise: stubborn
# expect: passes

# %% answer="stubborn"
async def stubborn(url, patience, pause, deadline):
    """Reckons what is left of the deadline before every wait."""
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline
    while (left := end - loop.time()) > 0:
        try:
            async with asyncio.timeout(min(patience, left)):
                return await fetch(url)
        except Exception:  # a CancelledError is none
            await asyncio.sleep(max(0, min(pause, end - loop.time())))
    raise TimeoutError
