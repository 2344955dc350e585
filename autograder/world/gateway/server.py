"""The gateway as a server of the world: its port, and what every server has."""

from __future__ import annotations

from collections.abc import Callable
from inspect import getmembers, iscoroutinefunction
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from autograder.world.gateway import rest
from autograder.world.gateway.acts import Acts
from autograder.world.gateway.connection import Connection
from autograder.world.gateway.ending import Close, Cut
from autograder.world.gateway.journal import Event
from autograder.world.gateway.payloads import Json
from autograder.world.gateway.streams import encoder
from autograder.world.servers.listen import listen


class GatewayServer(Acts):
    """A `Server` of the world (see `supervisor.py`): Discord's REST API and gateway on one port."""

    shared = False
    controls = frozenset(
        {name for name, _ in getmembers(Acts, iscoroutinefunction) if name[0] != "_"}
        | {"replies", "log"}
    )

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._runner: web.AppRunner | None = None

    # -- what every server has -----------------------------------------------------------------

    async def start(self) -> dict[str, Any]:
        app = web.Application(client_max_size=1 << 24, middlewares=[_local_only])
        app[rest.GATEWAY] = self
        app.router.add_get("/", self._connect)
        rest.add_routes(app)
        self._runner, port = await listen(app, self.settings.port, "the gateway")
        self.rest_url = f"http://127.0.0.1:{port}/api/v10"
        self.ws_url = f"ws://127.0.0.1:{port}"
        address: Json = {"rest_url": self.rest_url, "ws_url": self.ws_url, "token": self.token}
        self.journal.record("listening", **address)
        return address

    async def stop(self) -> None:
        for connection in list(self.connections):
            connection.end(Cut())
        if self._runner is not None:
            await self._runner.cleanup()

    def counters(self) -> dict[str, int]:
        connected = sum(1 for connection in self.connections if connection.number)
        return {**self.journal.counts(), "connected": connected}

    async def reset(self) -> None:
        self.journal.clear()

    def follow(self, follower: Callable[[Event], None]) -> Callable[[], None]:
        return self.journal.follow(follower)

    def replies(self) -> list[str]:
        return list(self.journal.replies)

    def log(self) -> list[Event]:
        return list(self.journal.events)

    # -- its WebSockets ---------------------------------------------------------------------------

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("encoding", "json") != "json":
            raise web.HTTPBadRequest(text="this gateway speaks encoding=json only")
        try:
            encode = encoder(request.query.get("compress"))
        except ValueError as error:
            self.journal.record("hint", text=str(error))
            raise web.HTTPBadRequest(text=str(error)) from None
        connection = Connection(self, request, encode)
        self.connections.add(connection)
        if request.query.get("v", "10") not in ("9", "10"):
            connection.end(Close(4012, "Invalid API version."))
        return await connection.serve()


@web.middleware
async def _local_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what a page of the web sends from a browser on this machine.

    A bot names this machine as the host, and no origin. The host counts as well, because a name of
    the web may lead to 127.0.0.1.
    """
    origin = request.headers.get("Origin")
    if not _is_local(request.headers.get("Host", "")) or (origin and not _is_local(origin)):
        raise web.HTTPForbidden(text="this gateway serves its own machine only: use 127.0.0.1")
    return await handler(request)


def _is_local(place: str) -> bool:
    """Whether a Host header, or an Origin, names this machine."""
    try:
        name = urlsplit(place if "//" in place else f"//{place}").hostname
    except ValueError:
        return False
    return name in ("127.0.0.1", "localhost", "::1")
