"""A relay in front of a database: it counts what passes, and fails when a lab asks for it.

A learner's program connects to the relay, which reads the wire protocol and passes it on. So the
counts are exact: `pg_stat_activity` would show one moment, and a database's own statistics are
late. And the port stays the same when the database is killed and started again.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

KEPT = 10_000  # statements in the log
LONGEST_TEXT = 2_000  # characters of a statement in it
LARGEST = 1 << 20  # bytes of one message of a client; the largest of the course has 100 kB
MOST_PREPARED = 10_000  # statements that one connection may prepare


class NotSpoken(ValueError):
    """A client sent what its protocol does not have, or more than a relay keeps in memory."""


class Dialect(Protocol):
    """Reads a database's protocol; each connection has its own object."""

    def client(self, data: bytes) -> Iterator[str]:
        """Read what the client sent; yield the text of each statement that is complete.

        Raises NotSpoken for bytes that are no message, and for a message above LARGEST.
        """
        ...

    def server(self, data: bytes) -> bool:
        """Read what the server sent; True when all statements under way have been answered."""
        ...


@dataclass
class DatabaseTraffic:
    """What passed since the last reset."""

    connections: int = 0
    peak_connections: int = 0
    statements: int = 0
    peak_running: int = 0
    refused: int = 0
    dropped: int = 0
    log: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT))


class Relay:
    """Listens on a free port of loopback, and passes everything on to `target`.

    The target is the database's socket in its closed directory, so that no client can avoid the
    relay. On Windows it is the database's port. When the target refuses a connection, `restarted`
    says whether it is worth a second try.
    """

    def __init__(
        self, dialect: Callable[[], Dialect], restarted: Callable[[], Awaitable[bool]]
    ) -> None:
        self.port = 0
        self.target: Path | int = 0
        self.delay = 0.0  # seconds by which each answer of the database is held back
        self.seen = DatabaseTraffic()
        self.hung_up = False  # the target closed a connection that its client still had open
        self.restarted = restarted
        self._dialect = dialect
        self._links: set[_Link] = set()
        self._server: asyncio.Server | None = None
        self._number = 0

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.drop()

    def counters(self) -> dict[str, Any]:
        counted = {name: value for name, value in vars(self.seen).items() if name != "log"}
        return {
            **counted,
            "open": len(self._links),
            "running": sum(bool(link.under_way) for link in self._links),
        }

    def drop(self) -> int:
        """Cut every connection, as a failing network does; returns how many there were."""
        links = list(self._links)
        for link in links:
            link.cut()
        self.seen.dropped += len(links)
        return len(links)

    def forget_target(self) -> None:
        """Cut every connection to a database that has ended; one still being made may wait."""
        for link in list(self._links):
            if link.far.transport is not None:
                link.cut()

    def reset(self) -> None:
        """Set the counts to zero, then count the connections and statements that are open now."""
        self.delay = 0.0
        open_now = len(self._links)
        self.seen = DatabaseTraffic(connections=open_now, peak_connections=open_now)
        self.seen.peak_running = self.counters()["running"]

    def _connected(self) -> asyncio.Protocol:
        self._number += 1
        return _Link(self, self._dialect(), self._number).near

    # -- called by a link --------------------------------------------------------------------------

    def opened(self, link: _Link) -> None:
        self._links.add(link)
        self.seen.connections += 1
        self.seen.peak_connections = max(self.seen.peak_connections, len(self._links))

    def closed(self, link: _Link) -> None:
        self._links.discard(link)

    def began(self, link: _Link, text: str) -> dict[str, Any]:
        self.seen.statements += 1
        entry = {"text": text[:LONGEST_TEXT], "connection": link.number, "at": time.monotonic()}
        self.seen.log.append(entry)
        return entry

    def busy(self) -> None:
        self.seen.peak_running = max(self.seen.peak_running, self.counters()["running"])


class _End(asyncio.Protocol):
    """One of the two sockets of a link."""

    def __init__(self, link: _Link, heard: Callable[[bytes], None]) -> None:
        self._link = link
        self._heard = heard
        self.transport: asyncio.Transport | None = None
        self.other: _End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._link.made(self)

    def data_received(self, data: bytes) -> None:
        self._heard(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._link.lost(self)

    def pause_writing(self) -> None:  # if one end reads slowly, the other end must write slowly
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def write(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)


class _Link:
    """One connection through the relay: `near` is the learner's end, `far` the database's."""

    def __init__(self, relay: Relay, dialect: Dialect, number: int) -> None:
        self.number = number
        self.under_way: list[dict[str, Any]] = []
        self.near = _End(self, self._from_client)
        self.far = _End(self, self._from_server)
        self.near.other, self.far.other = self.far, self.near
        self._relay = relay
        self._dialect = dialect
        self._early = b""
        self._dial: asyncio.Task[None] | None = None

    def made(self, end: _End) -> None:
        if end is self.near:
            self._relay.opened(self)
            self._dial = asyncio.create_task(self._connect())
        elif self.near.transport is None or self.near.transport.is_closing():
            self.cut()
        else:
            end.write(self._early)

    def lost(self, end: _End) -> None:
        if end is self.near:
            self._relay.closed(self)
        other = end.other
        assert other is not None
        if end is self.far and other.transport is not None and not other.transport.is_closing():
            self._relay.hung_up = True
        if other.transport is not None:
            other.transport.close()

    def cut(self) -> None:
        for end in (self.near, self.far):
            if end.transport is not None:
                end.transport.abort()

    async def _connect(self) -> None:
        try:
            try:
                await self._dialled()
            except OSError:
                if not await self._relay.restarted():
                    raise
                await self._dialled()
        except OSError:  # the database is down because a lab killed it
            self._relay.seen.refused += 1
            self.cut()

    async def _dialled(self) -> None:
        loop, target = asyncio.get_running_loop(), self._relay.target
        if isinstance(target, Path):
            await loop.create_unix_connection(lambda: self.far, str(target))
        else:
            await loop.create_connection(lambda: self.far, "127.0.0.1", target)

    def _from_client(self, data: bytes) -> None:
        try:
            for text in self._dialect.client(data):
                self.under_way.append(self._relay.began(self, text))
            if len(self._early) > LARGEST or len(self.under_way) > KEPT:
                raise NotSpoken("a client does not wait for answers")
        except NotSpoken:
            self.cut()
            return
        if self.under_way:
            self._relay.busy()
        if self.far.transport is None:
            self._early += data
        else:
            self.far.write(data)

    def _from_server(self, data: bytes) -> None:
        if self._relay.delay:
            asyncio.get_running_loop().call_later(self._relay.delay, self._answer, data)
        else:
            self._answer(data)

    def _answer(self, data: bytes) -> None:
        if self._dialect.server(data):
            now = time.monotonic()
            for entry in self.under_way:
                entry["seconds"] = round(now - entry["at"], 4)
            self.under_way.clear()
        self.near.write(data)
