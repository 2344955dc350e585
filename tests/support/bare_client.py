"""A bare WebSocket and REST client, and a gateway in the test's own process.

asyncio's debug mode and blockbuster are on: a course on blocking must not block.
"""

from __future__ import annotations

import asyncio
import json
import sys
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from blockbuster import blockbuster_ctx

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from autograder.world.gateway.server import GatewayServer

GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT = 1, 1 << 9, 1 << 12, 1 << 15
ALL = GUILDS | GUILD_MESSAGES | DIRECT_MESSAGES | MESSAGE_CONTENT


class Client:
    """The least that can be called a bot."""

    def __init__(self, gateway: Any, session: aiohttp.ClientSession) -> None:
        self.gateway = gateway
        self.http = session
        self.sequence: int | None = None
        self.session_id = ""
        self.events: list[dict[str, Any]] = []
        self.sockets: list[aiohttp.ClientWebSocketResponse] = []
        self._inflate: Any = None

    async def close(self) -> None:
        for socket in self.sockets:
            await socket.close()

    async def connect(self, query: str = "v=10&encoding=json") -> dict[str, Any]:
        self.socket = await self.http.ws_connect(f"{self.gateway.ws_url}?{query}")
        self.sockets.append(self.socket)
        if "zlib" in query:
            self._inflate = zlib.decompressobj()
        elif "zstd" in query:
            self._inflate = zstd.ZstdDecompressor()
        return await self.receive()

    async def receive(self) -> dict[str, Any]:
        """Return the next payload; for a close, `{"close": code}`."""
        message = await self.socket.receive(timeout=20)
        if message.type is aiohttp.WSMsgType.CLOSE:
            return {"close": message.data}
        if message.type is aiohttp.WSMsgType.CLOSED:
            return {"close": self.socket.close_code}
        if message.type is aiohttp.WSMsgType.BINARY:
            payload = json.loads(self._inflate.decompress(message.data))
        else:
            payload = json.loads(message.data)
        self.sequence = payload["s"] or self.sequence
        if payload["op"] == 0:
            self.events.append(payload)
        return dict(payload)

    async def until(self, *, op: int | None = None, event: str | None = None) -> dict[str, Any]:
        """Return the next payload of that kind, skipping others; fails at a close."""
        while True:
            payload = await self.receive()
            assert "close" not in payload, payload
            if payload["op"] == op or (event and payload["t"] == event):
                return payload

    async def send(self, op: int, data: Any = None) -> None:
        await self.socket.send_json({"op": op, "d": data})

    async def beat(self) -> None:
        await self.send(1, self.sequence)

    async def identify(self, intents: Any = ALL, **more: Any) -> dict[str, Any]:
        token = more.pop("token", self.gateway.token)
        properties = {"os": "linux", "browser": "bare", "device": "bare"}
        data = {"token": token, "intents": intents, "properties": properties}
        await self.send(2, {**data, **more})
        payload = await self.receive()
        if payload.get("t") == "READY":
            self.session_id = payload["d"]["session_id"]
        return payload

    async def resume(self, **more: Any) -> dict[str, Any]:
        data = {"token": self.gateway.token, "session_id": self.session_id, "seq": self.sequence}
        await self.connect()
        await self.send(6, {**data, **more})
        return await self.receive()

    async def post(self, path: str, body: Any, **more: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bot {self.gateway.token}"}
        url = self.gateway.rest_url + path
        async with self.http.post(url, json=body, headers=headers, **more) as response:
            return response.status, await response.json() if response.status != 204 else None


@asynccontextmanager
async def gateway(**settings: Any) -> AsyncIterator[tuple[GatewayServer, Client]]:
    # This client sends no heartbeats by itself: 60 s of silence are more than `run` waits.
    one = GatewayServer(**{"heartbeat": 30.0, **settings})
    await one.start()
    async with aiohttp.ClientSession() as session:
        client = Client(one, session)
        try:
            yield one, client
        finally:
            await client.close()
            await one.stop()


Check = Callable[[], Awaitable[None]]


def run(check: Check) -> None:
    with blockbuster_ctx("autograder.world"):
        asyncio.run(asyncio.wait_for(check(), 50), debug=True)
