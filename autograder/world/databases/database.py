"""What PostgreSQL and MariaDB have in common: a process with files of its own, behind a relay."""

from __future__ import annotations

import asyncio
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

START_UP = 20.0  # seconds a database may take to answer; 0.1 s is usual, 2 s under 8 hogs
LEARNER, DATABASE = "learner", "bot"


class Database:
    """A `Server` of the world (see `supervisor.py`) whose work is done by a child process."""

    shared = True
    controls = frozenset({"log", "drop", "slow", "kill", "revive"})
    socket = "socket"  # its name in the database's directory

    def __init__(self, name: str, dialect: Callable[[], Dialect], ending: signal.Signals) -> None:
        self.name = name
        self.keeper = Keeper(name, ending)
        self.relay = Relay(dialect)
        # A password each: loopback is open to every user of the machine.
        self.password, self.owner_password = secrets.token_hex(8), secrets.token_hex(16)

    # -- what each database says for itself --------------------------------------------------------

    async def install(self) -> None:
        """Make the files of an empty database."""
        raise NotImplementedError

    async def launch(self, place: Path | int) -> None:
        """Start the process on a socket or a port; it may need a moment before it answers."""
        raise NotImplementedError

    async def greet(self) -> None:
        """Connect to it once; raises OSError, or the library's own error, while too early."""
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
        await self.relay.close()
        await self.keeper.close()

    def counters(self) -> dict[str, Any]:
        """connections, open, peak_connections, statements, running, peak_running (connections with
        a statement under way at once), refused (the database was down) and dropped."""
        return self.relay.counters()

    async def reset(self) -> None:
        if not self.keeper.running:
            await self._launch()
        self.relay.reset()

    # -- what may be asked of it -------------------------------------------------------------------

    def log(self) -> list[dict[str, Any]]:
        """The last statements: text, connection, `at` (monotonic), and `seconds` until the answer,
        which is missing while the statement is under way."""
        return list(self.relay.seen.log)

    def drop(self) -> int:
        """Cut every connection, as a failing network does; returns how many there were."""
        return self.relay.drop()

    def slow(self, seconds: float) -> None:
        """Hold back each answer of the database for so long, until the next reset."""
        self.relay.delay = float(seconds)

    async def kill(self) -> None:
        """Kill the database, as a crash would; new connections are cut until it is revived."""
        await self.keeper.kill()
        self.relay.drop()

    async def revive(self) -> None:
        """Start the killed database again, with its data and at its old address."""
        if not self.keeper.running:
            await self._launch()

    async def _launch(self) -> None:
        # Between our look for a free port and the database's own, somebody may take it.
        for attempt in range(3):
            unix = os.name == "posix"
            self.relay.target = self.keeper.directory / self.socket if unix else _free_port()
            await self.launch(self.relay.target)
            try:
                await self._answering()
            except UserMistake:
                if attempt == 2:
                    raise
            else:
                return

    async def _answering(self) -> None:
        try:
            async with asyncio.timeout(START_UP):
                while True:
                    self.keeper.check()
                    try:
                        await self.greet()
                    except Exception:  # each driver has its own word for "not yet"
                        await asyncio.sleep(0.01)
                    else:
                        return
        except TimeoutError:
            await self.keeper.kill()
            raise UserMistake(
                f"{self.name} did not answer within {START_UP:.0f} s: the machine is too busy; "
                "run the cell again"
            ) from None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
