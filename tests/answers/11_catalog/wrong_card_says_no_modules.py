# exercise: own_card
# expect: fails
# test: own_card_visible
# message: imports ['requests'], but `modules` does not name it

# %% answer="own_card"
async def use(servers):
    """tornado's client."""
    import json

    from tornado.httpclient import AsyncHTTPClient

    page = await AsyncHTTPClient().fetch(f"{servers.http.url}/slow?seconds=0.45")
    return [page.code, json.loads(page.body)["path"]]


def blocking(servers):
    """The twin."""
    import requests

    page = requests.get(f"{servers.http.url}/slow?seconds=0.45", timeout=5)
    return [page.status_code, page.json()["path"]]


def card():
    """The card."""
    return Card(
        name="tornado",
        purpose="HTTP",
        twin="requests",
        status="maintained: 6.5",
        seen="2026-11-22",
        source="PyPI",
        use=use,
        blocking=blocking,
        modules=("tornado",),
        servers=("http",),
    )
