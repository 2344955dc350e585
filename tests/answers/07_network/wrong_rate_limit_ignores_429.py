# exercise: rate_limit
# expect: fails
# test: rate_limit_check
# message: never sent again

# %% answer="rate_limit"
async def post_all(url, lines):
    """Posts, and does not look at what came back."""
    refused = 0
    async with aiohttp.ClientSession() as session:
        for line in lines:
            async with session.post(url, json={"line": line}) as reply:
                refused += reply.status == 429
    return refused
