"""What PostgreSQL and MariaDB have in common: a process with its own files, behind a relay.

A database that ends unasked, as when the kernel kills it because memory runs out, is started again
by whatever comes first: a connection, a control, or the next `world.start`. All its notebooks are
told so. One that a lab has killed stays down until `revive`, `reset` or the next `world.start`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.outcomes import UserMistake
from autograder.world.databases.keeper import Keeper
from autograder.world.databases.proxy import Dialect, Relay

START_UP = 20.0  # seconds that a database has to answer; usual: 0.1 s, with 8 hogs: 2 s
# Seconds before each further attempt to launch. The port may have been taken. Or processes of a
# killed PostgreSQL still hold its memory: a busy one looks every 0.5 s whether its client is there.
PAUSES = (0.05, 0.3, 0.6, 1.2)
DYING = 0.2  # seconds to hear of the end of a process whose sockets are closed; usual: 1 ms
LEARNER, DATABASE = "learner", "bot"


class Database:
    """A `Server` of the world (see `supervisor.py`): a child process does its work."""

    shared = True
    controls = frozenset({"log", "drop", "slow", "kill", "revive"})
    socket = "socket"  # the socket's name in the database's directory

    def __init__(self, name: str, dialect: Callable[[], Dialect], ending: str) -> None:
        self.name = name
        # Windows has few of the signals, and ends a program at once with any of them.
        self.keeper = Keeper(name, getattr(signal, ending, signal.SIGTERM))
        self.relay = Relay(dialect, self._restarted)
        self.tell: Callable[[str], object] = lambda _: None  # the supervisor sets it
        self._wanted = False  # it has been started, and nobody here has ended it
        self._ended: int | None = None  # its exit code, from its end until it answers again
        self._launching = asyncio.Lock()
        self._watch: asyncio.Task[None] | None = None
        # Each start has new passwords: every user of the machine can connect to loopback.
        self.password, self.owner_password = secrets.token_hex(8), secrets.token_hex(16)

    # -- what each database implements -------------------------------------------------------------

    async def install(self) -> None:
        """Make the files of an empty database."""
        raise NotImplementedError

    async def launch(self, place: Path | int) -> None:
        """Start the process on a socket or a port; it need not answer immediately."""
        raise NotImplementedError

    async def greet(self) -> None:
        """Connect once. Raises OSError or the driver's own error while it is not ready."""
        raise NotImplementedError

    def address(self) -> dict[str, Any]:
        """Return what a learner's program needs to connect."""
        raise NotImplementedError

    # -- a server of the world ---------------------------------------------------------------------

    async def start(self) -> dict[str, Any]:
        try:
            await self.keeper.open()
            await self.install()
            await self._launch()
            await self.relay.open()
        except BaseException:
            await self.stop()
            raise
        return self.address()

    async def stop(self) -> None:
        self._wanted = False
        await self.relay.close()
        await self.keeper.close()

    def counters(self) -> dict[str, Any]:
        """Return the counts since the last reset.

        These are connections, open, peak_connections, statements, running and peak_running
        (connections with a statement under way), refused (the database was down) and dropped.
        """
        return self.relay.counters()

    async def reset(self) -> None:
        await self.revive()
        self.relay.reset()

    async def ensure(self) -> None:
        """Start the database again if it has ended, for whatever reason; asking it takes 5 ms."""
        try:
            await self.greet()
        except Exception:  # it has been killed, or there is no free connection
            await self._dying()
        await self.revive()

    async def awaken(self) -> None:
        """Start the database again if it has ended although no lab killed it."""
        if self.relay.hung_up:
            self.relay.hung_up = False
            await self._dying()
        if self._wanted:
            await self.revive()

    # -- its controls ------------------------------------------------------------------------------

    def log(self) -> list[dict[str, Any]]:
        """Return the last statements: text, connection, `at` (monotonic), `seconds`.

        `seconds` is the time until the answer, and missing while the statement is under way.
        """
        return list(self.relay.seen.log)

    def drop(self) -> int:
        """Cut every connection, as a failing network does; return how many there were."""
        return self.relay.drop()

    def slow(self, seconds: float) -> None:
        """Hold back each answer of the database for `seconds`, until the next reset."""
        self.relay.delay = float(seconds)

    async def kill(self) -> None:
        """Kill the database, as a crash does; until `revive`, new connections are cut."""
        self._wanted = False
        await self.keeper.kill()
        self.relay.drop()

    async def revive(self) -> None:
        """Start the killed database again, with its data and at its old address."""
        async with self._launching:
            if not self.keeper.running:
                if self._watch is not None:
                    await self._watch  # its end is heard before its next start
                await self._launch()

    # -- its process -------------------------------------------------------------------------------

    async def _restarted(self) -> bool:
        """The database refused a connection: start it again unless a lab has killed it."""
        async with self._launching:
            if self._wanted:
                await self._dying()
        with contextlib.suppress(UserMistake):
            await self.awaken()
        return self._wanted and self.keeper.running

    async def _dying(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.keeper.ended(), DYING)

    async def _watching(self) -> None:
        code = await self.keeper.ended()
        if self._wanted:
            self._ended = code if self._ended is None else self._ended
            self.relay.forget_target()

    async def _launch(self) -> None:
        for pause in (*PAUSES, 0.0):
            unix = os.name == "posix"
            self.relay.target = self.keeper.directory / self.socket if unix else _free_port()
            await self.launch(self.relay.target)
            self._watch = asyncio.create_task(self._watching())
            if await self._answers():
                break
            await asyncio.sleep(pause)
        self.keeper.check()
        self._wanted = True
        if self._ended is not None:
            self.tell(self._returned(self._ended))
            self._ended = None

    def _returned(self, code: int) -> str:
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return (
            f"{self.name} had ended ({how}), as when memory runs out, and was started again with "
            "all that was committed. Its connections were cut: run the cell again."
        )

    async def _answers(self) -> bool:
        """Wait until the database answers; return False if its process ends instead."""
        try:
            async with asyncio.timeout(START_UP):
                while self.keeper.running:
                    try:
                        await self.greet()
                    except Exception:  # each driver raises another error for "not ready"
                        await asyncio.sleep(0.01)
                    else:
                        return True
                return False
        except TimeoutError:
            await self.keeper.kill()
            raise UserMistake(
                f"{self.name} did not answer within {START_UP:.0f} s: the machine is too busy; "
                "run the cell again"
            ) from None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
