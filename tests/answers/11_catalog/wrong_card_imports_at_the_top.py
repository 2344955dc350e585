# exercise: own_card
# expect: fails
# test: own_card_visible
# message: import it inside

# %% answer="own_card"
import json

import requests
import tornado.httpclient


async def use(servers):
    """Whoever has no tornado cannot even read this card."""
    client = tornado.httpclient.AsyncHTTPClient()
    page = await client.fetch(f"{servers.http.url}/slow?seconds=0.45")
    return [page.code, json.loads(page.body)["path"]]


def blocking(servers):
    """The twin."""
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
        modules=("tornado.httpclient", "tornado.simple_httpclient", "requests"),
        servers=("http",),
    )
