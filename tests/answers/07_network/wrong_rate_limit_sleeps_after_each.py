# exercise: rate_limit
# expect: fails
# test: rate_limit_check
# message: Pause only after a 429

# %% answer="rate_limit"
async def post_all(url, lines):
    """So slow that it is never refused."""
    async with aiohttp.ClientSession() as session:
        for line in lines:
            async with session.post(url, json={"line": line}):
                pass
            await asyncio.sleep(0.8)
    return 0
