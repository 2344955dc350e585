# exercise: rate_limit
# expect: passes

# %% answer="rate_limit"
async def post_all(url, lines):
    """httpx, and a queue from whose front a line goes only when it was taken."""
    refused, waiting = 0, list(lines)
    async with httpx.AsyncClient(verify=False) as client:
        while waiting:
            reply = await client.post(url, json={"line": waiting[0]})
            if reply.status_code == 429:
                refused += 1
                await asyncio.sleep(reply.json()["retry_after"])
            else:
                del waiting[0]
    return refused
