# exercise: rate_limit
# expect: fails
# test: rate_limit_check
# message: time.sleep(

# %% answer="rate_limit"
async def post_all(url, lines):
    """Waits as long as asked to, and so does the whole bot."""
    refused = 0
    async with aiohttp.ClientSession() as session:
        for line in lines:
            while True:
                async with session.post(url, json={"line": line}) as reply:
                    if reply.status != 429:
                        break
                    pause = float(reply.headers["Retry-After"])
                refused += 1
                time.sleep(pause)
    return refused
