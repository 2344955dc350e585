"""The process that owns the world's servers, so that no learner's loop has to run a server.

`python -m autograder.world.supervisor --shared PATH` serves all clients of one user, over loopback
TCP with a token that only this user can read. It ends one second after the last connection of a
client has closed, whatever closed it. `--fd N` serves one client over an inherited socket, and ends
with this client. The examiner has one of this kind, because then the learner's code has no path to
find; it forks it (`fork`), which is sooner than a new interpreter.

**The wire**: JSON lines. A request `{"id": 3, "op": ..., ...}` gets one answer, `{"id": 3, "ok":
value}` or `{"id": 3, "error": sentence}`. Answers are sent as soon as they are ready, in any order.
On TCP the client first sends `{"token": ...}`. The answer is `{"ok": pid}`; a wrong token ends the
connection. An onlooker, such as the live log, says so in this first line (see `observers.py`), and
sends no requests.

| op | does |
|---|---|
| `start` `{server, settings, by}` | starts a server, answers `{"key": k, "address": {...}}` |
| `ensure` `{key}` | makes sure that a server of an earlier `start` runs |
| `do` `{key, control, arguments, keywords}` | calls one of the server's controls |
| `stop` `{key}` | stops one server |
| `subscribe` `{key}` | from now on sends each event of the server as `{"event": {...}, "key": k}` |
| `news` `{}` | looks whether all databases still run |

An answer also has `"news": [sentence, ...]` when a database had ended unasked, and has been started
again since this client's last answer.

**To add a server** write one module with a class that satisfies `Server`, and name it in `SERVERS`.
The class runs on the only loop of this process and must never block it. What is not asyncio (a
database) belongs in a child process, which `start` starts and `stop` ends. Such a child must also
end when this process is killed with SIGKILL: `databases/keeper.py` makes sure of that.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hmac
import importlib
import json
import logging
import os
import random
import secrets
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NoReturn, Protocol

from autograder.outcomes import UserMistake
from autograder.world import rendezvous
from autograder.world.client import SupervisorConnection, hire
from autograder.world.observers import Onlookers

if sys.platform != "win32":
    import resource

SERVERS = {
    "gateway": "autograder.world.gateway.server:GatewayServer",
    "http": "autograder.world.servers.http:Http",
    "postgres": "autograder.world.databases.postgres:Postgres",
    "mysql": "autograder.world.databases.mariadb:MySQL",
    "dns": "autograder.world.servers.dns:Dns",
    "sqlite": "autograder.world.servers.sqlite_lock:SqliteLock",
}

# Seconds that this process outlives its last client, so that a kernel that restarts still finds it.
LINGER = 1.0
JOIN = 2.5  # seconds for the first client to come: the one that started us may have died
LONGEST_LINE = 1 << 24
MEMORY = 4 << 30  # bytes of address space of an examiner's supervisor, and of each database

_DO = ("key", "control", "arguments", "keywords")


class Server(Protocol):
    """What the supervisor expects of a server; its constructor takes the settings as keywords."""

    shared: ClassVar[bool]  # True: one for all clients (databases); False: one for each `start`
    controls: ClassVar[frozenset[str]]  # the methods a client may call through `do`

    async def start(self) -> dict[str, Any]:
        """Start, and return the address: what a learner's code needs to connect, as plain data."""

    def counters(self) -> dict[str, Any]:
        """Return what the server has counted since its start or the last reset."""

    async def reset(self) -> None:
        """Set all counts to zero, and undo every special behaviour that was asked for."""

    async def stop(self) -> None:
        """Stop, and leave no process and no file behind."""


@dataclass
class _Client:
    """What the supervisor keeps of one client."""

    writer: asyncio.StreamWriter
    told: int  # how many news it has had
    own: set[int] = field(default_factory=set)  # keys of the servers that end with it
    undo: list[Callable[[], None]] = field(default_factory=list)  # ends its subscriptions


class SharedServer(Server, Protocol):
    """What the supervisor expects of a database, which may end unasked while the others live."""

    tell: Callable[[str], object]  # gets one sentence when it ended and was started again

    async def ensure(self) -> None:
        """Start it again if it has ended, for whatever reason."""

    async def awaken(self) -> None:
        """Start it again if it has ended and no client had asked for that."""


class Supervisor:
    """Starts, controls and stops servers for its clients."""

    def __init__(self) -> None:
        self.onlookers = Onlookers()
        self._news: list[str] = []
        self._databases: dict[int, SharedServer] = {}  # the shared ones of `_servers`
        self._servers: dict[int, Server] = {}
        self._keys = 0
        self._shared: dict[str, asyncio.Task[dict[str, Any]]] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until its connection closes, then stop the servers of this client."""
        client = _Client(writer, len(self._news))
        at_work: set[asyncio.Task[None]] = set()
        try:
            while line := await reader.readline():
                # A task for each request: one that waits (`until`) must not delay the others.
                work = asyncio.create_task(self._answer(json.loads(line), client))
                at_work.add(work)
                work.add_done_callback(at_work.discard)
        except (ConnectionError, ValueError):
            pass  # the client died in the middle of a line
        finally:
            for task in at_work:
                task.cancel()
            for end in client.undo:
                end()
            writer.close()
            await asyncio.gather(*at_work, *map(self._stop, client.own), return_exceptions=True)

    async def stop(self) -> None:
        await asyncio.gather(*map(self._stop, list(self._servers)), return_exceptions=True)

    async def _answer(self, request: dict[str, Any], client: _Client) -> None:
        try:
            if request["op"] == "subscribe":
                client.undo.append(self._subscribe(request["key"], client.writer))
                value: Any = None
            else:
                value = await self._perform(request, client.own)
            answer = {"id": request["id"], "ok": value}
        except UserMistake as mistake:
            answer = {"id": request["id"], "error": str(mistake)}
        except Exception as error:  # our own bug; the client must not wait forever for an answer
            logging.exception("the request %s failed", request)
            sentence = f"a server of this course failed ({type(error).__name__}: {error})"
            answer = {"id": request["id"], "error": f"{sentence}: restart the kernel to try again"}
        if news := self._news[client.told :]:
            answer["news"] = news
            client.told = len(self._news)
        with contextlib.suppress(ConnectionError):
            _write(client.writer, answer)
            await client.writer.drain()

    async def _perform(self, request: dict[str, Any], own: set[int]) -> Any:
        match request["op"]:
            case "start":
                started = await self._start(request["server"], request["settings"], own)
                if request["server"] == "gateway":
                    gateway: Any = self._server(started["key"])
                    self.onlookers.show(started["key"], gateway, request.get("by", ""))
                return started
            case "ensure":
                if request["key"] in self._databases:
                    await self._databases[request["key"]].ensure()
                return None
            case "do":
                return await self._do(**{name: request[name] for name in _DO})
            case "news":
                await asyncio.gather(*(one.awaken() for one in self._databases.values()))
                return None
            case "stop":
                own.discard(request["key"])
                return await self._stop(request["key"])
        raise UserMistake(f"the world's supervisor does not know the operation {request['op']!r}")

    async def _start(self, name: str, settings: dict[str, Any], own: set[int]) -> dict[str, Any]:
        kind = find(name)
        if not kind.shared:
            started = await self._launch(kind, settings)
            own.add(started["key"])
            return started
        if name not in self._shared or self._failed(self._shared[name]):
            self._shared[name] = asyncio.create_task(self._launch(kind, settings))
        # Shielded: other clients need the database even if this one leaves while it starts.
        started = await asyncio.shield(self._shared[name])
        await self._databases[started["key"]].ensure()
        return started

    @staticmethod
    def _failed(start: asyncio.Task[Any]) -> bool:
        return start.done() and (start.cancelled() or start.exception() is not None)

    async def _launch(self, kind: Any, settings: dict[str, Any]) -> dict[str, Any]:
        try:
            server = kind(**settings)
        except TypeError as error:
            what = str(error).partition("() ")[2]
            raise UserMistake(f"the settings {settings} do not fit: {what}") from None
        address = await server.start()
        self._keys += 1
        self._servers[self._keys] = server
        if kind.shared:
            server.tell = self._news.append
            self._databases[self._keys] = server
        return {"key": self._keys, "address": address}

    async def _do(
        self, key: int, control: str, arguments: list[Any], keywords: dict[str, Any]
    ) -> Any:
        server = self._server(key)
        if key in self._databases:
            await self._databases[key].awaken()
        if control not in server.controls | {"counters", "reset"}:
            raise UserMistake(f"this server has no {control!r}: it has {sorted(server.controls)}")
        try:
            value = getattr(server, control)(*arguments, **keywords)
        except TypeError as error:
            raise UserMistake(f"{control} was called wrongly: {error}") from None
        return await value if asyncio.iscoroutine(value) else value

    def _subscribe(self, key: int, writer: asyncio.StreamWriter) -> Callable[[], None]:
        server = self._server(key)
        if not hasattr(server, "follow"):
            raise UserMistake("this server has no events to follow")
        end: Callable[[], None] = server.follow(
            lambda event: _write(writer, {"event": event, "key": key})
        )
        return end

    def _server(self, key: int) -> Server:
        if key not in self._servers:
            raise UserMistake("this server has been closed: start a new one")
        return self._servers[key]

    async def _stop(self, key: int) -> None:
        self._databases.pop(key, None)
        server = self._servers.pop(key, None)
        if server is not None:
            await server.stop()
            self.onlookers.end(key)


def find(name: str) -> Any:
    """Return the class of the server called `name`. Raises UserMistake when there is none."""
    if name not in SERVERS:
        raise UserMistake(f"there is no server {name!r}: the world has {', '.join(SERVERS)}")
    module, _, attribute = SERVERS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def _write(writer: asyncio.StreamWriter, value: dict[str, Any]) -> None:
    if not writer.is_closing():
        writer.write(json.dumps(value, separators=(",", ":")).encode() + b"\n")


# -- the process ---------------------------------------------------------------------------------


async def serve_one(descriptor: int) -> None:
    """Serve the client at the other end of an inherited socket, and end with it."""
    supervisor = Supervisor()
    reader, writer = await asyncio.open_connection(
        sock=socket.socket(fileno=descriptor), limit=LONGEST_LINE
    )
    _end_on_terminate()
    try:
        await supervisor.serve(reader, writer)
    finally:
        await supervisor.stop()


class Attendance:
    """Counts the clients, and tells when the last one has gone."""

    def __init__(self) -> None:
        self._number = 0
        self._some = asyncio.Event()
        self._nobody = asyncio.Event()

    @contextlib.contextmanager
    def of_one(self) -> Iterator[None]:
        self._number += 1
        self._some.set()
        self._nobody.clear()
        try:
            yield
        finally:
            self._number -= 1
            if not self._number:
                self._nobody.set()
                self._some.clear()

    async def ends(self) -> None:
        """Return when no client came within JOIN, or none came back within LINGER."""
        patience = JOIN
        while await _within(self._some.wait(), patience):
            await self._nobody.wait()
            patience = LINGER


async def serve_all(place: Path) -> None:
    """Serve the clients of one user until LINGER seconds after the last one has gone."""
    supervisor = Supervisor()
    attendance = Attendance()
    token = secrets.token_hex(16)
    leaving = False

    async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = await _hello(reader, token)
        if hello is None or leaving:
            writer.close()
            return
        _write(writer, {"ok": os.getpid()})
        if hello.get("onlooker"):
            await supervisor.onlookers.admit(reader, lambda message: _write(writer, message))
            writer.close()
            return
        with attendance.of_one():
            await supervisor.serve(reader, writer)

    listener = await asyncio.start_server(welcome, "127.0.0.1", 0, limit=LONGEST_LINE)
    _end_on_terminate()
    port = listener.sockets[0].getsockname()[1]
    address = {"port": port, "token": token}
    rendezvous.publish(place, address)
    try:
        await attendance.ends()
    finally:
        leaving = True
        listener.close()
        await supervisor.stop()
        await supervisor.onlookers.dismiss()
        rendezvous.withdraw(place, address)


async def _hello(reader: asyncio.StreamReader, token: str) -> dict[str, Any] | None:
    """Return a client's first line if the token in it is right; None if not."""
    try:
        async with asyncio.timeout(JOIN):
            hello: dict[str, Any] = json.loads(await reader.readline())
        return hello if hmac.compare_digest(str(hello["token"]), token) else None
    except (OSError, ValueError, KeyError, TypeError, TimeoutError):
        return None


async def _within(wait: Coroutine[Any, Any, Any], seconds: float) -> bool:
    try:
        await asyncio.wait_for(wait, seconds)
    except TimeoutError:
        return False
    return True


def _end_on_terminate() -> None:
    """Make SIGTERM cancel this task, so that its `finally` stops the servers."""
    task = asyncio.current_task()
    assert task is not None
    with contextlib.suppress(NotImplementedError):  # loops on Windows have no signal handlers
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


def fork() -> Callable[[], SupervisorConnection]:
    """Fork a supervisor that only this process can reach; return the function that connects to it.

    The fork has what this process has imported, and saves the 0.25 s of CPU that a new interpreter
    needs. This process must not have another thread yet. When that supervisor has ended, the
    function starts another one.
    """
    ours, theirs = socket.socketpair()
    process = os.fork()
    if process == 0:
        _become_supervisor(theirs)
    theirs.close()
    forked = [(ours, process)]

    def connect() -> SupervisorConnection:
        if not forked:
            return hire()
        sock, child = forked.pop()
        return SupervisorConnection(sock, lambda: os.waitpid(child, 0))

    return connect


def _become_supervisor(sock: socket.socket) -> NoReturn:
    """Serve the client at the other end; keep nothing else of the process that forked."""
    code = 70
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1):
            os.dup2(null, standard)
        descriptor = os.dup2(sock.detach(), 3)
        os.closerange(descriptor + 1, os.sysconf("SC_OPEN_MAX"))
        if sys.platform != "win32":  # what a client sends must not fill the machine's memory
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        random.seed()  # else what is drawn here would tell what the parent draws
        main(["--fd", str(descriptor)])
        code = 0
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m autograder.world.supervisor")
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--fd", type=int, help="serve one client over this inherited socket")
    way.add_argument("--shared", type=Path, help="meet this user's clients at this path")
    chosen = parser.parse_args(arguments)
    with contextlib.suppress(asyncio.CancelledError):
        if chosen.fd is not None:
            asyncio.run(serve_one(chosen.fd))
        else:
            asyncio.run(serve_all(chosen.shared))


if __name__ == "__main__":
    main()
