# exercise: own_card
# expect: fails
# test: own_card_visible
# message: has a comma

# %% answer="own_card"
async def use(servers):
    """Returns what it should; its card is where the slip is."""
    import json

    from tornado.httpclient import AsyncHTTPClient

    page = await AsyncHTTPClient().fetch(servers.http.url + "/slow?seconds=0.45")
    return [page.code, json.loads(page.body)["path"]]


def blocking(servers):
    import requests

    page = requests.get(servers.http.url + "/slow?seconds=0.45", timeout=5)
    return [page.status_code, page.json()["path"]]


def card():
    return Card(
        name="tornado",
        purpose="HTTP, for whoever has tornado already",
        twin="requests",
        status="maintained: 6.5",
        seen="2026-11-22",
        source="https://pypi.org/project/tornado/",
        use=use,
        blocking=blocking,
        modules=("tornado.httpclient"),
        servers=("http",),
    )
