"""Handles: a server as a notebook or a test sees it, with its address, controls and counts."""

from __future__ import annotations

import asyncio
import functools
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

from autograder.outcomes import UserMistake, WrongValue
from autograder.world.client import Event, SupervisorConnection
from autograder.world.gateway.acts import Acts

P = ParamSpec("P")
T = TypeVar("T")
_Result = Coroutine[Any, Any, T]


class OnlyTheExaminer(UserMistake, AttributeError):
    """In a graded cell, the learner's code tried to control a server."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"only the examiner may use {what}: in a graded cell your code gets the server's "
            "address, and the test cell does the rest"
        )


class Handle:
    """One server: its address as attributes, its controls as coroutine functions, `counters()`."""

    def __init__(
        self,
        name: str,
        address: dict[str, Any],
        connection: SupervisorConnection | None,
        key: int = 0,
    ) -> None:
        self._name = name
        self._connection = connection
        self.key = key
        self.facts = address
        # All facts, unless one of them is called `address`: the DNS server's "127.0.0.1:5353".
        self.address: Any = address.get("address", address)

    def counters(self) -> dict[str, Any]:
        """Return what the server has counted since its start or the last reset."""
        counted: dict[str, Any] = self._ask("counters")
        return counted

    async def reset(self) -> None:
        """Set all counts to zero, and undo every special behaviour that was asked for."""
        await self._do("reset")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self.facts:
            return self.facts[name]

        self._line(name)

        async def control(*arguments: Any, **keywords: Any) -> Any:
            return await self._do(name, *arguments, **keywords)

        return control

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.facts]

    def __repr__(self) -> str:
        return f"<{self._name} {' '.join(f'{k}={v}' for k, v in self.facts.items())}>"

    def _line(self, what: str) -> SupervisorConnection:
        if self._connection is None:
            raise OnlyTheExaminer(f"{self._name}.{what}")
        return self._connection

    def _ask(self, control: str) -> Any:
        line = self._line(control)
        return line.ask("do", key=self.key, control=control, arguments=[], keywords={})

    async def _do(self, control: str, *arguments: Any, **keywords: Any) -> Any:
        line = self._line(control)
        return await line.call(
            "do", key=self.key, control=control, arguments=arguments, keywords=keywords
        )


class SqliteFile(Handle):
    """A SQLite file that another process locks: path, `await lock(0.5)`, `await release()`."""

    async def renew(self, tables: str) -> str:
        """Unlock the file, fill it again with this SQL, reset its counts, return its path.

        The path is a new one when another process has the file open in WAL mode.
        """
        path: str = await self._do("renew", tables=tables)
        self.facts["path"] = path
        return path

    def rows(self, table: str, **columns: type) -> list[tuple[Any, ...]]:
        """Return the committed rows of a table: `rows("xp", name=str, points=int)`.

        A test reads a file this way, because the answer could write anything into it. This reads a
        copy of the bytes, and runs nothing that is in the file or beside it. Raises WrongValue,
        with a sentence, for a file that cannot be read and for values of other types.
        """
        from autograder.world.servers import sqlite_rows  # a Python may be built without SQLite

        found = self._ask("content")
        if "refused" in found:
            raise WrongValue(found["refused"])
        main, wal = (b64decode(found[part]) for part in ("main", "wal"))
        return sqlite_rows.rows(main, wal, table, columns)


class Sqlite(SqliteFile):
    """A SQLite file that is locked on demand; calling the handle makes another file.

    file = await servers.sqlite(0.5)      # a new file, locked by another process for 0.5 s
    file.path, file.counters()["commits"], file.rows("guilds", id=int, name=str)
    """

    async def __call__(self, seconds: float, tables: str | None = None) -> SqliteFile:
        """Return a new file that is locked for `seconds` from now on.

        `tables` is the SQL that fills it; by default it has the table `guilds`.
        """
        if self._connection is None:
            raise OnlyTheExaminer("servers.sqlite(...)")
        settings = {} if tables is None else {"tables": tables}
        started = await self._connection.call("start", server="sqlite", settings=settings)
        file = SqliteFile("sqlite", started["address"], self._connection, started["key"])
        await file.lock(seconds)
        return file


def _forwarded(
    act: Callable[Concatenate[Any, P], _Result[T]],
) -> Callable[Concatenate[Any, P], _Result[T]]:
    """Return an act of `Acts` as the method of a handle that has the gateway carry it out."""

    async def control(self: Any, /, *arguments: P.args, **keywords: P.kwargs) -> T:
        done: T = await self._do(act.__name__, *arguments, **keywords)
        return done

    functools.update_wrapper(control, act)
    return control


class Gateway(Handle):
    """A live gateway; all counts and times are those of the gateway's process.

    In the log, `t` is in seconds since the gateway's start, and `at` is `time.monotonic()`, which
    all processes of one machine share.
    """

    def __init__(
        self, address: dict[str, Any], connection: SupervisorConnection | None, key: int = 0
    ) -> None:
        super().__init__("gateway", address, connection, key)

    @property
    def rest_url(self) -> str:
        return str(self.facts["rest_url"])

    @property
    def ws_url(self) -> str:
        return str(self.facts["ws_url"])

    @property
    def token(self) -> str:
        """The bot's token; `f"{gw.token}.name"` is the token of another bot, called `name`."""
        return str(self.facts["token"])

    @property
    def kills(self) -> int:
        """How many connections the gateway closed (4009) because heartbeats were missing."""
        return int(self.counters()["kills"])

    @property
    def beats(self) -> int:
        return int(self.counters()["beats"])

    @property
    def resumes(self) -> int:
        return int(self.counters()["resumes"])

    @property
    def connected(self) -> int:
        """How many bots are connected and have identified themselves now."""
        return int(self.counters()["connected"])

    @property
    def replies(self) -> list[str]:
        """The messages of all bots, in order, including answers to slash commands."""
        replies: list[str] = self._ask("replies")
        return replies

    @property
    def log(self) -> list[Event]:
        """The last 20 000 events, as `gateway --jsonl` prints them."""
        log: list[Event] = self._ask("log")
        return log

    until = _forwarded(Acts.until)
    drop = _forwarded(Acts.drop)
    reconnect = _forwarded(Acts.reconnect)
    invalidate = _forwarded(Acts.invalidate)
    ask_beat = _forwarded(Acts.ask_beat)
    ratelimit = _forwarded(Acts.ratelimit)
    faults = _forwarded(Acts.faults)
    say = _forwarded(Acts.say)
    dm = _forwarded(Acts.dm)
    reply = _forwarded(Acts.reply)
    edit = _forwarded(Acts.edit)
    delete = _forwarded(Acts.delete)
    react = _forwarded(Acts.react)
    unreact = _forwarded(Acts.unreact)
    vote = _forwarded(Acts.vote)
    command = _forwarded(Acts.command)
    interact = _forwarded(Acts.interact)
    suggest = _forwarded(Acts.suggest)
    click = _forwarded(Acts.click)
    choose = _forwarded(Acts.choose)
    fill = _forwarded(Acts.fill)

    async def attach(self, filename: str, data: bytes) -> str:
        """Keep a file, and return its id, for `say(..., files=[id])` or an option of a command."""
        kept: str = await self._do("attach", filename=filename, data=b64encode(data).decode())
        return kept

    async def events(self) -> AsyncIterator[Event]:
        """Yield every event from now on, as it happens."""
        line = self._line("events")
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[Event] = asyncio.Queue()

        def follower(event: Event) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, event)

        await line.follow(self.key, follower)
        try:
            while True:
                yield await queue.get()
        finally:
            line.unfollow(self.key, follower)

    async def close(self) -> None:
        """Stop this gateway, and cut the connections of its bots."""
        await self._line("close").call("stop", key=self.key)
