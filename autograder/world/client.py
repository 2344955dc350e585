"""A client's side of the world: finds or starts the supervisor, and keeps a connection to it.

One thread reads the connection and resolves futures. So any loop and any thread can wait for an
answer, and a property such as `gw.kills` needs no `await`: it blocks for about a millisecond.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from autograder.outcomes import UserMistake
from autograder.paths import ROOT
from autograder.world import rendezvous

PATIENCE = 5.0  # seconds that a property waits for its answer; usual: 1 ms
START_UP = 20.0  # seconds that a supervisor has to start; usual: 0.2 s, with 8 hogs: 3 s

Event = dict[str, Any]
_alive: weakref.WeakSet[SupervisorConnection] = weakref.WeakSet()


class WorldEnded(UserMistake):
    """The supervisor has ended, and so have its servers."""

    def __init__(self) -> None:
        super().__init__(
            "The process that runs this notebook's servers has ended, and so have the servers: "
            "run the cell with `await world.start(...)` again."
        )


class SupervisorConnection:
    """Sends requests to one supervisor, from any thread, until one of the two processes ends."""

    def __init__(self, sock: socket.socket, reap: Callable[[], object] | None) -> None:
        """`reap` waits for the supervisor's process to end, when that is a child of this one."""
        self._socket = sock
        self._writing = threading.Lock()
        self._ids = itertools.count(1)
        self._waiting: dict[int, Future[Any]] = {}
        self._followers: dict[int, list[Callable[[Event], None]]] = {}
        self.ended = False
        self.news: list[str] = []  # all that the supervisor told about databases that had ended
        self._printed = 0
        _alive.add(self)
        reader = threading.Thread(
            target=self._read, args=(reap,), name="world's answers", daemon=True
        )
        reader.start()

    def request(self, op: str, **arguments: Any) -> Future[Any]:
        """Send a request and return the future of its answer.

        The future raises UserMistake with the supervisor's sentence when the request fails.
        Raises WorldEnded when the supervisor has ended.
        """
        answer: Future[Any] = Future()
        answer.set_running_or_notify_cancel()
        number = next(self._ids)
        line = json.dumps({"id": number, "op": op, **arguments}).encode() + b"\n"
        self._waiting[number] = answer
        try:
            with self._writing:
                if self.ended:
                    raise OSError
                self._socket.sendall(line)
        except OSError:
            self.ended = True
            self._waiting.pop(number, None)
            raise WorldEnded from None
        return answer

    def ask(self, op: str, patience: float = PATIENCE, **arguments: Any) -> Any:
        """Send a request and wait for its answer; this blocks the thread for about 1 ms.

        Raises UserMistake when there is no answer after `patience` seconds.
        """
        try:
            value = self.request(op, **arguments).result(patience)
        except TimeoutError:
            raise UserMistake(
                f"the process that runs the servers did not answer within {patience:.0f} s: "
                "the machine is too busy, or the process hangs; restart the kernel"
            ) from None
        self.print_news()
        return value

    async def call(self, op: str, **arguments: Any) -> Any:
        value = await asyncio.wrap_future(self.request(op, **arguments))
        self.print_news()
        return value

    def print_news(self) -> None:
        """Print each new sentence of the supervisor once, in the cell that runs now."""
        new = self.news[self._printed :]
        self._printed += len(new)
        for sentence in new:
            print(sentence)

    async def follow(self, key: int, follower: Callable[[Event], None]) -> None:
        """Call `follower`, in the reading thread, with each event of a server from now on."""
        followers = self._followers.setdefault(key, [])
        followers.append(follower)
        if len(followers) == 1:
            await self.call("subscribe", key=key)

    def unfollow(self, key: int, follower: Callable[[Event], None]) -> None:
        """Stop calling `follower`. The supervisor still sends the events, which costs little."""
        self._followers[key].remove(follower)

    def close(self) -> None:
        """End the connection; the supervisor then stops the servers that it had started."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def forget(self) -> None:
        """In a forked child: close the child's copy of the socket, and send nothing."""
        self.ended = True
        # close() would wait for the reading thread's file, but the child has no such thread.
        os.close(self._socket.detach())

    def _read(self, reap: Callable[[], object] | None) -> None:
        with contextlib.suppress(OSError, ValueError), self._socket.makefile("rb") as lines:
            for line in lines:
                self._take(json.loads(line))
        self.ended = True
        self._socket.close()
        while self._waiting:
            _, answer = self._waiting.popitem()
            answer.set_exception(WorldEnded())
        if reap is not None:
            reap()

    def _take(self, message: dict[str, Any]) -> None:
        self.news += message.get("news", ())
        if "event" in message:
            for follower in tuple(self._followers.get(message["key"], ())):
                follower(message["event"])
            return
        answer = self._waiting.pop(message["id"], None)
        if answer is None:
            return
        if "error" in message:
            answer.set_exception(UserMistake(message["error"]))
        else:
            answer.set_result(message["ok"])


def _forget_all() -> None:
    for connection in _alive:
        connection.forget()


if hasattr(os, "register_at_fork"):
    # Otherwise a forked worker of a process pool keeps the servers alive after its kernel died.
    os.register_at_fork(after_in_child=_forget_all)


# -- finding or starting the supervisor ----------------------------------------------------------


def join() -> SupervisorConnection:
    """Return a connection to this user's shared supervisor; start it if there is none. Blocks."""
    place = rendezvous.place()
    with rendezvous.locked(place):
        sock = _knock(place)
        process = None
        if sock is None:
            place.with_suffix(".json").unlink(missing_ok=True)
            process = _spawn(place)
            sock = _await(place, process)
    return SupervisorConnection(sock, process.wait if process else None)


def hire() -> SupervisorConnection:
    """Start a supervisor that only this process can reach, over a socket it inherits. Blocks."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [*_COMMAND, "--fd", str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
            env=_environment(),
        )
    return SupervisorConnection(ours, process.wait)


# -P: Python must not import from the current directory. A learner's may hold a `random.py`.
_COMMAND = [sys.executable, "-P", "-m", "autograder.world.supervisor"]


def _environment() -> dict[str, str]:
    known = os.environ.get("PYTHONPATH")
    path = f"{ROOT}{os.pathsep}{known}" if known else str(ROOT)
    return {**os.environ, "PYTHONPATH": path}


def _spawn(place: Path) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C in a terminal and the restart of a kernel signal a whole process
    # group, and the other notebooks must keep their servers.
    with place.with_suffix(".log").open("wb") as log:
        return subprocess.Popen(
            [*_COMMAND, "--shared", str(place)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=place.parent,
            env=_environment(),
        )


def _await(place: Path, process: subprocess.Popen[bytes]) -> socket.socket:
    deadline = time.monotonic() + START_UP
    while time.monotonic() < deadline:
        sock = _knock(place)
        if sock is not None:
            return sock
        if process.poll() is not None:
            break
        time.sleep(0.005)
    process.kill()
    process.wait()
    last = place.with_suffix(".log").read_text(errors="replace").strip().rpartition("\n")[2]
    raise UserMistake(
        f"the process that runs the servers did not start ({last or 'no reason given'}): "
        "see `python -m autograder doctor`"
    )


def _knock(place: Path) -> socket.socket | None:
    """Return a socket to a supervisor that answered; None when none did, or the address is old."""
    address = rendezvous.published(place)
    if address is None:
        return None
    try:
        sock = socket.create_connection(("127.0.0.1", address["port"]), timeout=PATIENCE)
    except OSError:
        return None
    try:
        sock.sendall(json.dumps({"token": address["token"]}).encode() + b"\n")
        if b"ok" not in sock.recv(100):
            raise OSError
    except OSError:
        sock.close()
        return None
    sock.settimeout(None)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock
