"""What is done to a library right after its import: the gateway's address and token, its loops.

discord.py, py-cord, nextcord and disnake keep Discord's address in a class attribute, and take the
token in `Client.login`; hikari takes both in `GatewayBot`. Where a release has renamed one of
these, the run ends with a sentence, before the bot's first request.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from autograder.own_bot.inside.guard import Guard
from autograder.own_bot.inside.sending import Sender

Settings = dict[str, Any]
Change = Callable[[ModuleType], None]
_FORKS = ("discord", "nextcord", "disnake")  # py-cord's package is called `discord`, too
_ADDRESSES = ("BASE", "API_BASE_URL")  # of Route; the second is py-cord's


class Unknown(ImportError):
    """A release of a library keeps its address or its token at another place."""


def prepare(settings: Settings, guard: Guard, sender: Sender) -> None:
    """Change each library that this process imports from now on, or has imported already."""
    places = _Places(settings, guard, sender)
    changes: dict[str, Change] = {
        "http.client": places.tunnels,
        "aiohttp.client": places.requests,
        "asyncio.base_events": places.asyncio_loops,
        "uvloop": places.uvloop_loops,
        "winloop": places.uvloop_loops,  # uvloop's twin on Windows
        "hikari.impl.gateway_bot": places.hikari,
        "discord.gateway": places.websocket,
    }
    for package in _FORKS:
        changes[f"{package}.http"] = places.address
        changes[f"{package}.client"] = places.login
    sys.meta_path.insert(0, _AfterImport(changes))
    for name, change in changes.items():
        if name in sys.modules:
            change(sys.modules[name])


class _Places:
    """The places in each library that are changed."""

    def __init__(self, settings: Settings, guard: Guard, sender: Sender) -> None:
        self._settings, self._guard, self._sender = settings, guard, sender

    def address(self, module: ModuleType) -> None:
        """Replace the address of the REST API."""
        for name in _ADDRESSES:
            if hasattr(self._part(module, "Route"), name):
                setattr(module.Route, name, self._settings["rest"])
                return
        self._unknown(module, "Route.BASE")

    def websocket(self, module: ModuleType) -> None:
        """Replace the gateway's address; only discord.py does not ask the REST API for it."""
        socket = self._part(module, "DiscordWebSocket")
        if hasattr(socket, "DEFAULT_GATEWAY"):
            socket.DEFAULT_GATEWAY = type(socket.DEFAULT_GATEWAY)(self._settings["ws"])

    def login(self, module: ModuleType) -> None:
        """Give the gateway's token in place of the bot's."""
        client, token = self._part(module, "Client"), self._settings["token"]
        original = self._part(module, "Client", "login")

        @functools.wraps(original)
        async def login(self: Any, _token: Any = None, *args: Any, **keywords: Any) -> Any:
            keywords.pop("token", None)
            return await original(self, token, *args, **keywords)

        client.login = login

    def hikari(self, module: ModuleType) -> None:
        """Give the gateway's token and address in place of the bot's."""
        bot, settings = self._part(module, "GatewayBot"), self._settings
        original = bot.__init__
        if "rest_url" not in inspect.signature(original).parameters:
            self._unknown(module, "GatewayBot(rest_url=...)")

        @functools.wraps(original)
        def init(self: Any, _token: Any = None, *args: Any, **keywords: Any) -> None:
            keywords = {**keywords, "rest_url": settings["rest"]}
            keywords.pop("token", None)
            original(self, settings["token"], *args, **keywords)

        bot.__init__ = init

    def requests(self, module: ModuleType) -> None:
        """Refuse aiohttp's requests to Discord, also those through a proxy."""
        guard, original = self._guard, self._part(module, "ClientSession", "_request")

        @functools.wraps(original)
        async def request(self: Any, method: str, url: Any, *args: Any, **keywords: Any) -> Any:
            guard.refuse_discord(urlsplit(str(url)).hostname)
            return await original(self, method, url, *args, **keywords)

        module.ClientSession._request = request

    def tunnels(self, module: ModuleType) -> None:
        """Refuse tunnels to Discord through a proxy, which would look the name up itself."""
        guard, original = self._guard, module.HTTPConnection.set_tunnel

        @functools.wraps(original)
        def set_tunnel(self: Any, host: str, *args: Any, **keywords: Any) -> None:
            guard.refuse_discord(host)
            original(self, host, *args, **keywords)

        module.HTTPConnection.set_tunnel = set_tunnel

    def asyncio_loops(self, module: ModuleType) -> None:
        """Watch the loops of asyncio itself."""
        self._watch(module.BaseEventLoop, "asyncio")

    def uvloop_loops(self, module: ModuleType) -> None:
        """Watch the loops of uvloop, whose look-ups of names no audit hook hears."""
        guard, loop = self._guard, self._part(module, "Loop")
        look_up, connect = loop.getaddrinfo, loop.create_connection

        async def getaddrinfo(self: Any, host: Any, *args: Any, **keywords: Any) -> Any:
            guard.refuse_discord(host)
            return await look_up(self, host, *args, **keywords)

        async def create_connection(
            self: Any, factory: Any, host: Any = None, *args: Any, **keywords: Any
        ) -> Any:
            guard.refuse_discord(host)
            return await connect(self, factory, host, *args, **keywords)

        loop.getaddrinfo, loop.create_connection = getaddrinfo, create_connection
        self._watch(loop, "uvloop")

    def _watch(self, loop: Any, kind: str) -> None:
        from autograder.own_bot.inside import loops  # needs asyncio, which the bot may not

        loops.watch(loop, kind, self._sender, self._settings["limit"])

    def _part(self, module: ModuleType, *names: str) -> Any:
        found: Any = module
        for name in names:
            found = getattr(found, name, None)
        return found if found is not None else self._unknown(module, ".".join(names))

    def _unknown(self, module: ModuleType, place: str) -> None:
        package = module.__name__.partition(".")[0]
        version = getattr(sys.modules.get(package), "__version__", "of an unknown version")
        self._sender.send({"event": "unknown", "library": f"{package} {version}", "place": place})
        raise Unknown(f"`python3 -m autograder run` does not find {module.__name__}.{place}")


class _AfterImport(MetaPathFinder):
    """Changes a module right after its import; other finders find it and load it."""

    def __init__(self, changes: dict[str, Change]) -> None:
        self._changes = changes

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in self._changes:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = None
            if find is not None and finder is not self:
                spec = find(name, path, target)
            if spec is not None:
                self._change_after(spec)
                return spec
        return None

    def _change_after(self, spec: ModuleSpec) -> None:
        """Replace the loader's `exec_module`: the loader itself also reads sources and data."""
        loader: Any = spec.loader
        execute, change = loader.exec_module, self._changes[spec.name]

        def exec_module(module: ModuleType) -> None:
            execute(module)
            change(module)

        loader.exec_module = exec_module
