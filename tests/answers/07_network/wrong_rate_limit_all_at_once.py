# exercise: rate_limit
# expect: fails
# test: rate_limit_check
# message: was refused

# %% answer="rate_limit"
async def post_all(url, lines):
    """Every line for itself: they are all refused, and come back together."""
    refused = 0

    async def post(session, line):
        nonlocal refused
        while True:
            async with session.post(url, json={"line": line}) as reply:
                if reply.status != 429:
                    return
                pause = float(reply.headers["Retry-After"])
            refused += 1
            await asyncio.sleep(pause)

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(post(session, line) for line in lines))
    return refused
