# exercise: own_card
# expect: fails
# test: own_card_visible
# message: names no library that is new to the catalog

# %% answer="own_card"
async def use(servers):
    """aiohttp under another name, which does not make it new."""
    import aiohttp

    url = f"{servers.http.url}/slow?seconds=0.45"
    async with aiohttp.ClientSession() as session, session.get(url) as page:
        return [page.status, (await page.json())["path"]]


def blocking(servers):
    """The twin."""
    import requests

    page = requests.get(f"{servers.http.url}/slow?seconds=0.45", timeout=5)
    return [page.status_code, page.json()["path"]]


def card():
    """The card."""
    return Card(
        name="my_http",
        purpose="HTTP",
        twin="requests",
        status="maintained: 6.5",
        seen="2026-11-22",
        source="PyPI",
        use=use,
        blocking=blocking,
        modules=("aiohttp", "requests"),
        servers=("http",),
    )
