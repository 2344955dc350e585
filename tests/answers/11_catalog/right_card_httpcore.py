# exercise: own_card
# expect: passes

# %% answer="own_card"
async def use(servers):
    """httpcore's pool, and its blocking face beside it."""
    import json

    import httpcore

    async with httpcore.AsyncConnectionPool() as pool:
        page = await pool.request("GET", f"{servers.http.url}/slow?seconds=0.45")
    return [page.status, json.loads(page.content)["path"]]


def blocking(servers):
    """The same library, the other face."""
    import json

    import httpcore

    with httpcore.ConnectionPool() as pool:
        page = pool.request("GET", f"{servers.http.url}/slow?seconds=0.45")
    return [page.status, json.loads(page.content)["path"]]


def card():
    """The card."""
    return Card(
        name="httpcore",
        purpose="HTTP",
        twin="httpcore.ConnectionPool",
        status="maintained: 1.0.9",
        seen="2026-11-22",
        source="PyPI",
        use=use,
        blocking=blocking,
        modules=("httpcore",),
        servers=("http",),
    )
