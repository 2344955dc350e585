"""aiohttp: HTTP and WebSockets, client and server; discord.py is built on it."""

from __future__ import annotations

from autograder.catalog.card import WAIT, Card, Servers


async def use(servers: Servers) -> list[object]:
    import aiohttp

    url = f"{servers.http.url}/slow?seconds={WAIT}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return [response.status, (await response.json())["path"]]


def blocking(servers: Servers) -> list[object]:
    import requests

    response = requests.get(f"{servers.http.url}/slow?seconds={WAIT}", timeout=5)
    return [response.status_code, response.json()["path"]]


CARD = Card(
    name="aiohttp",
    purpose="HTTP and WebSockets; inside discord.py already",
    twin="requests",
    status="maintained: 3.14.5; discord.py requires it",
    seen="2026-11-22",
    source="https://pypi.org/project/aiohttp/",
    care="One ClientSession for the whole bot: a session for each request opens a new connection.",
    use=use,
    blocking=blocking,
    modules=("aiohttp", "requests"),
    servers=("http",),
)
