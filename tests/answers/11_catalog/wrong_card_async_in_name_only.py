# exercise: own_card
# expect: fails
# test: own_card_visible
# message: the loop was held for

# %% answer="own_card"
async def use(servers):
    """An async def around the blocking client of the same library."""
    import json

    import httpcore

    page = httpcore.request("GET", f"{servers.http.url}/slow?seconds=0.45")
    return [page.status, json.loads(page.content)["path"]]


def blocking(servers):
    """The twin."""
    import requests

    page = requests.get(f"{servers.http.url}/slow?seconds=0.45", timeout=5)
    return [page.status_code, page.json()["path"]]


def card():
    """The card."""
    return Card(
        name="httpcore",
        purpose="HTTP",
        twin="requests",
        status="maintained: 6.5",
        seen="2026-11-22",
        source="PyPI",
        use=use,
        blocking=blocking,
        modules=("httpcore", "requests"),
        servers=("http",),
    )
