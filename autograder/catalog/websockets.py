"""websockets: WebSockets only, client and server."""

from __future__ import annotations

from autograder.catalog.card import WAIT, Card, Servers


async def use(servers: Servers) -> str:
    from websockets.asyncio.client import connect

    async with connect(f"{servers.http.ws_url}?seconds={WAIT}", proxy=None) as socket:
        await socket.send("ping")
        return str(await socket.recv())


def blocking(servers: Servers) -> str:
    from websockets.sync.client import connect

    with connect(f"{servers.http.ws_url}?seconds={WAIT}", proxy=None) as socket:
        socket.send("ping")
        return str(socket.recv())


CARD = Card(
    name="websockets",
    purpose="WebSockets, where aiohttp would be too much",
    twin="websockets.sync",
    status="maintained: 17.4",
    seen="2026-11-22",
    source="https://pypi.org/project/websockets/",
    care="It answers pings by itself, as long as the loop is free to.",
    use=use,
    blocking=blocking,
    modules=("websockets.asyncio.client", "websockets.sync.client"),
    servers=("http",),
)
