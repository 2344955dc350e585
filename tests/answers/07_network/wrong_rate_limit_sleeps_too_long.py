# exercise: rate_limit
# expect: fails
# test: rate_limit_check
# message: later than `Retry-After` said

# %% answer="rate_limit"
async def post_all(url, lines):
    """A long fixed sleep, to be on the safe side."""
    refused = 0
    async with aiohttp.ClientSession() as session:
        for line in lines:
            while True:
                async with session.post(url, json={"line": line}) as reply:
                    if reply.status != 429:
                        break
                refused += 1
                await asyncio.sleep(2)
    return refused
