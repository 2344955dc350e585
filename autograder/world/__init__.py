"""Real servers on loopback for lessons, labs and tests, in a process of their own.

    servers = await world.start("http")          # starts what you name, unless it already runs
    gw = await servers.gateway(heartbeat=0.2, grace=2)      # a new live gateway
    world.point(gw)                              # discord.py, in this process, connects to it

Each user has one supervisor. It owns the servers of all notebooks, and it ends when the last
notebook ends. In a graded cell the examiner's process starts the servers (`private`, `recorded`),
and the learner's process only receives their addresses (`attach`).
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from autograder.outcomes import UserMistake
from autograder.world.client import SupervisorConnection, WorldEnded, hire, join
from autograder.world.handles import Gateway, Handle, OnlyTheExaminer, Sqlite

__all__ = [
    "Gateway",
    "Handle",
    "OnlyTheExaminer",
    "Servers",
    "WorldEnded",
    "attach",
    "leave",
    "losses",
    "point",
    "private",
    "recorded",
    "start",
]

Addresses = dict[str, dict[str, Any]]


async def start(*names: str) -> Servers:
    """Start the named servers unless they run, and return handles on them.

    Raises UserMistake when a name is unknown or a server cannot start. Each server belongs to this
    notebook and counts only what this notebook does. Databases are the exception: all notebooks of
    a user share one database, and so its counts.
    """
    return await _here.start(names)


class NotStarted(UserMistake, AttributeError):
    """The code used a server that it had not started."""


class Servers:
    """The started servers, as attributes, and `gateway()` for live gateways."""

    def __init__(self, handles: dict[str, Handle], source: _Source) -> None:
        self._handles = handles
        self._source = source

    async def gateway(self, **settings: Any) -> Gateway:
        """Start a new gateway with its own port and state.

        Settings: heartbeat=0.2 (seconds) and grace=2 (intervals: the gateway closes the connection
        when two heartbeats are further apart than this), ack_delay=0.03 and
        interaction_deadline=3.0 (seconds), sends=0 (messages that a channel takes in 5 s before it
        answers 429; 0 is no limit), token, port.
        """
        return await self._source.gateway(settings)

    def __getattr__(self, name: str) -> Handle:
        if name in self._handles:
            return self._handles[name]
        raise NotStarted(f"{name} was not started: `servers = await world.start({name!r})`")

    def __dir__(self) -> list[str]:
        return ["gateway", *self._handles]

    def __repr__(self) -> str:
        return f"Servers({', '.join(map(repr, self._handles.values()))})"


def private(connect: Callable[[], SupervisorConnection] = hire) -> None:
    """From now on use a supervisor of this process's own, which no other process can find.

    `connect` starts it, or finds the one that was forked for this process.
    """
    global _here  # noqa: PLW0603
    _here.leave()
    _here = _SupervisorSource(connect)


def attach(addresses: list[Addresses]) -> None:
    """From now on start nothing: answer calls of `start` with these addresses, in this order."""
    global _here  # noqa: PLW0603
    if not isinstance(_here, _ExaminerSource):
        _here.leave()
        _here = _ExaminerSource()
    _here.expect(addresses)


def recorded() -> list[Addresses]:
    """Return the addresses handed out since the last call of this function, in order."""
    return _here.recorded()


async def losses() -> list[str]:
    """Look whether the servers still run, and return a sentence on each that had ended unasked.

    Only those since the last call of this function count. The examiner asks this after each test:
    what a server's end has caused is nobody's mistake.
    """
    return await _here.losses()


def leave() -> None:
    """Close the connection to the servers, so that the next `start` makes a new one.

    Tests need this. Other processes need not call it: their end closes the connection.
    """
    _here.leave()


def point(gateway: Any) -> None:
    """Make discord.py, in this process, connect to a gateway (anything with its two URLs).

    The two class attributes are not documented; tests/world/test_gateway_discord.py guards them.
    """
    try:
        http = importlib.import_module("discord.http")
        socket = importlib.import_module("discord.gateway").DiscordWebSocket
        yarl = importlib.import_module("yarl")
    except ImportError:
        raise UserMistake(
            "discord.py is not installed here: pip install 'discord.py>=2.7'"
        ) from None
    if not hasattr(http.Route, "BASE") or not hasattr(socket, "DEFAULT_GATEWAY"):
        raise UserMistake("this version of discord.py cannot be pointed elsewhere: use 2.7")
    http.Route.BASE = gateway.rest_url
    socket.DEFAULT_GATEWAY = yarl.URL(gateway.ws_url)


class _Source:
    """Where `start` gets its servers from; remembers which addresses it handed out."""

    def __init__(self) -> None:
        self._given: list[Addresses] = []

    async def start(self, names: tuple[str, ...]) -> Servers:
        raise NotImplementedError

    async def gateway(self, settings: dict[str, Any]) -> Gateway:
        raise NotImplementedError

    def leave(self) -> None:
        """Release what this object holds outside of this process."""

    def recorded(self) -> list[Addresses]:
        given, self._given = self._given, []
        return given

    async def losses(self) -> list[str]:
        return []


class _SupervisorSource(_Source):
    """Servers of a supervisor; `connect` finds or starts it when it is first needed."""

    def __init__(self, connect: Callable[[], SupervisorConnection]) -> None:
        super().__init__()
        self._connect = connect
        self._lock = threading.Lock()
        self._connection: SupervisorConnection | None = None
        self._handles: dict[str, Handle] = {}
        self._known_losses = 0  # of this connection's news

    async def start(self, names: tuple[str, ...]) -> Servers:
        # In a thread: this starts a process and waits for it, which must not hold a kernel's loop.
        try:
            handles = await asyncio.to_thread(self._start, names)
        except WorldEnded:  # it ended just now
            handles = await asyncio.to_thread(self._start, names)
        if self._connection is not None:
            self._connection.print_news()
        if names:
            self._given.append({name: handle.facts for name, handle in handles.items()})
        return Servers(handles, self)

    async def gateway(self, settings: dict[str, Any]) -> Gateway:
        connection = await asyncio.to_thread(self._connected)
        started = await connection.call(
            "start", server="gateway", settings=settings, by=_this_notebook()
        )
        handle = Gateway(started["address"], connection, started["key"])
        self._given.append({"gateway": handle.facts})
        return handle

    def _start(self, names: tuple[str, ...]) -> dict[str, Handle]:
        connection = self._connected()
        with self._lock:
            answers = {name: self._asked_for(name, connection) for name in names}
            for name, answer in answers.items():
                started = answer.result()
                if name not in self._handles:
                    handle = _kind(name)(name, started["address"], connection, started["key"])
                    self._handles[name] = handle
            return {name: self._handles[name] for name in names}

    def _asked_for(self, name: str, connection: SupervisorConnection) -> Future[Any]:
        if name in self._handles:
            return connection.request("ensure", key=self._handles[name].key)
        return connection.request("start", server=name, settings={})

    async def losses(self) -> list[str]:
        connection = self._connection
        if connection is None:
            return []
        try:
            await asyncio.wrap_future(connection.request("news"))
        except UserMistake as mistake:  # it does not start again, or the supervisor has ended, too
            return [str(mistake)]
        new = connection.news[self._known_losses :]
        self._known_losses += len(new)
        return new

    def _connected(self) -> SupervisorConnection:
        with self._lock:
            if self._connection is None or self._connection.ended:
                self._connection = self._connect()
                self._handles = {}
                self._known_losses = 0
            return self._connection

    def leave(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None


class _ExaminerSource(_Source):
    """Servers that the examiner runs: only their addresses, in the order in which it sent them."""

    def __init__(self) -> None:
        super().__init__()
        self._expected: list[Addresses] = []
        self._known: Addresses = {}

    def expect(self, addresses: list[Addresses]) -> None:
        self._expected = list(addresses)

    async def start(self, names: tuple[str, ...]) -> Servers:
        if names and not all(name in self._known for name in names):
            self._known |= self._next(set(names))
        elif names and self._expected and set(self._expected[0]) == set(names):
            self._known |= self._expected.pop(0)
        handles = {name: _kind(name)(name, self._known[name], None) for name in names}
        return Servers(handles, self)

    async def gateway(self, settings: dict[str, Any]) -> Gateway:
        return Gateway(self._next({"gateway"})["gateway"], None)

    def _next(self, names: set[str]) -> Addresses:
        if not self._expected or set(self._expected[0]) != names:
            raise OnlyTheExaminer("world.start and servers.gateway to start new servers")
        return self._expected.pop(0)


def _this_notebook() -> str:
    """Return the name of this notebook, for the live log; Jupyter tells a kernel the path."""
    return Path(os.environ.get("JPY_SESSION_NAME") or sys.argv[0] or "a kernel").name


def _kind(name: str) -> type[Handle]:
    return Sqlite if name == "sqlite" else Handle


_here: _Source = _SupervisorSource(join)
