# exercise: rate_limit
# expect: passes

# %% answer="rate_limit"
async def post_all(url, lines):
    """All of it in one thread, where time.sleep holds nobody."""

    def post():
        refused = 0
        with requests.Session() as session:
            for line in lines:
                while (reply := session.post(url, json={"line": line})).status_code == 429:
                    refused += 1
                    time.sleep(float(reply.headers["Retry-After"]))
        return refused

    return await asyncio.to_thread(post)
