"""What PostgreSQL and MariaDB have in common: a process with its own files, behind a relay."""

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

START_UP = 20.0  # seconds that a database has to answer; usual: 0.1 s, with 8 hogs: 2 s
LEARNER, DATABASE = "learner", "bot"


class Database:
    """A `Server` of the world (see `supervisor.py`): a child process does its work."""

    shared = True
    controls = frozenset({"log", "drop", "slow", "kill", "revive"})
    socket = "socket"  # the socket's name in the database's directory

    def __init__(self, name: str, dialect: Callable[[], Dialect], ending: signal.Signals) -> None:
        self.name = name
        self.keeper = Keeper(name, ending)
        self.relay = Relay(dialect)
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
        await self.relay.close()
        await self.keeper.close()

    def counters(self) -> dict[str, Any]:
        """Return the counts since the last reset.

        These are connections, open, peak_connections, statements, running and peak_running
        (connections with a statement under way), refused (the database was down) and dropped.
        """
        return self.relay.counters()

    async def reset(self) -> None:
        if not self.keeper.running:
            await self._launch()
        self.relay.reset()

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
        await self.keeper.kill()
        self.relay.drop()

    async def revive(self) -> None:
        """Start the killed database again, with its data and at its old address."""
        if not self.keeper.running:
            await self._launch()

    async def _launch(self) -> None:
        # After we found a free port, another program may take it before the database does.
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
                    except Exception:  # each driver raises another error for "not ready"
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
