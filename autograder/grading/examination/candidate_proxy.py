"""The examiner's side of the candidate: it starts, asks, ends and replaces the candidate.

A candidate that hangs, dies or answers nonsense is ended, with everything it started. The next
request gets a new one from the fork server, in a fresh folder. It first replays the earlier cells,
except those that broke a candidate. So only the call that broke the candidate fails. A new
candidate is never forked from one that has run cells: the two would share one epoll object, and the
first change that the child makes to it would stop the parent from receiving events.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import math
import secrets
import shutil
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from autograder import wire
from autograder.grading.examination.fork_client import (
    CANDIDATE,
    Client,
    ForkServerGone,
    children_of,
)
from autograder.grading.examination.outputs import Output, checked, error
from autograder.grading.examination.process_figures import Witness
from autograder.grading.examination.witness import Testimony, Watching
from autograder.grading.jail import confine
from autograder.monitor.run import LAST_WORDS, TEARDOWN

BEGIN = 30.0  # s for the first answer of a new candidate; it takes 10 ms
CELL_GRACE = 2.5  # s after a cell's time limit, until its process is ended
# s after a call's time limit: to cancel it, to stop it, and to tear its loop down in two steps
CALL_GRACE = 2 * LAST_WORDS + 2 * TEARDOWN
# s to replay a cell that ran out of time: it hung after its definitions, and an import among them
# takes more than 1 s on a busy machine
REPLAY_OF_HANG = 3.0
DRAWING = 60.0  # s to draw the figures that a call left open, and to send its outputs
ENDED = "the Python process ended (os._exit, a crash in C, or no memory left)"
TOO_LATE = "the time of the examination was over, while the cells before it ran again"
WITNESSED = "outside witness"


_Answer = TypeVar("_Answer")


class Broke(Exception):
    """The candidate hangs, has ended, or sent something that is not an answer; see `kind`.

    `kind` is "time", "end" or "nonsense".
    """

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


@dataclass
class _Process:
    number: int
    folder: Path
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    witness: Witness | None = None


@dataclass
class CandidateTemplate:
    """What all candidates of one examination are made from."""

    fork_server: Client
    folder: Path  # of the examination; each candidate's own folder lies in it
    files: Path | None = None  # the files that the learner submitted
    hidden: tuple[str, ...] = ()  # folders that a candidate must not see
    joined: Sequence[int] = ()  # descriptors of the namespaces to join: see confine.open_for
    made: int = 0  # candidates so far

    @property
    def shared(self) -> Path:
        """The folder that candidates share with the examiner's servers."""
        return self.folder / "shared"

    def new_folder(self) -> Path:
        """Return a folder for one more candidate, with a copy of the learner's files in it."""
        self.made += 1
        folder = self.folder / f"candidate-{self.made}"
        folder.mkdir(mode=0o700)
        if self.files is not None and any(self.files.iterdir()):
            shutil.copytree(self.files, folder / "work")
        return folder


@dataclass
class RemoteCandidate:
    """The candidate as the examiner sees it; the process behind it may be replaced."""

    template: CandidateTemplate
    accept: Callable[[list[str]], None] = lambda layers: None  # raises Fault if they are too weak
    until: float = math.inf  # time.monotonic() from which on no cell is replayed
    too_late: bool = False  # a candidate was needed after that
    layers: list[str] = field(default_factory=list)  # of the jail
    restarts: int = 0
    ran_cells: float = 0.0  # s that the learner's cells took, replays included
    _ended: list[dict[str, Any]] = field(default_factory=list)  # the cells to replay, as requests
    _process: _Process | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run_cell(
        self,
        name: str,
        source: str,
        seconds: float,
        addresses: list[Any],
        *,
        given: bool = False,
    ) -> list[Output]:
        """Run one cell and return its outputs; a cell that broke the process is never replayed.

        `seconds` is the cell's time limit. `addresses` are those of the examiner's servers. A
        `given` cell is a setup cell, whose functions stay ours.
        """
        request = {
            "op": "cell",
            "name": name,
            "source": source,
            "seconds": seconds,
            "addresses": addresses,
            "given": given,
        }
        async with self._turn:
            try:
                answer = await self._ask(lambda process: self._run(process, request))
            except Broke as broke:
                return [error("ProcessEnded", str(broke), [f"In this cell {broke}."])]
            if answer.get("ended") is not True:
                request = {**request, "seconds": min(seconds, REPLAY_OF_HANG)}
            self._ended.append(request)
            return checked(answer.get("outputs"))

    async def call(
        self, request: dict[str, Any], begins: Callable[[], None]
    ) -> tuple[dict[str, Any], Testimony | None]:
        """Run one watched call; return the answer and what the witness saw. Raises Broke.

        `begins` is called when the process is there, with all earlier cells replayed.
        """
        limit = float(request["timeout"]) + CALL_GRACE

        async def talk(process: _Process) -> tuple[dict[str, Any], Testimony | None]:
            begins()
            return await _call(process, request, limit)

        async with self._turn:
            answer, seen = await self._ask(talk)
            if answer["leaves"] is True:
                await self.end()
            return answer, seen

    async def end(self) -> None:
        """End the process and everything it started, and remove its folder.

        A submission has up to 100 MB of files, and each candidate a copy of them.
        """
        process, self._process = self._process, None
        if process is not None:
            process.writer.close()
            if process.witness is not None:
                process.witness.close()
            await asyncio.to_thread(self.template.fork_server.kill, process.number)
            with contextlib.suppress(RecursionError):  # folders in folders, a thousand levels
                await asyncio.to_thread(shutil.rmtree, process.folder, ignore_errors=True)

    async def _ask(self, talk: Callable[[_Process], Awaitable[_Answer]]) -> _Answer:
        try:
            return await talk(self._process or await self._begin())
        except Broke:
            await self.end()
            raise
        except asyncio.CancelledError:
            # The test no longer waits. The process is busy or only partly replayed: end it.
            await asyncio.shield(self.end())
            raise

    async def _begin(self) -> _Process:
        """Return a new process that has replayed the earlier cells.

        A cell that breaks its first replay is replayed once more: it worked before, and a slow
        machine must not cost the learner a definition. After a second failure the cell is left out,
        because the other cells may work without it. Raises Broke when the examination's time is
        over: the replays of cells that take long only the second time would take hours.
        """
        doubted: list[dict[str, Any]] = []
        while True:
            process = await self._fork()
            for cell in self._ended:
                if time.monotonic() > self.until:
                    self.too_late = True
                    raise Broke("time", TOO_LATE)
                try:
                    await self._run(process, cell)
                except Broke:
                    await self.end()
                    if cell in doubted:
                        self._ended.remove(cell)
                    doubted.append(cell)
                    break
            else:
                return process

    async def _run(self, process: _Process, cell: dict[str, Any]) -> dict[str, Any]:
        """Run a cell in this process, and count the time that it takes. Raises Broke."""
        began = time.monotonic()
        try:
            return await _exchange(process, cell, cell["seconds"] + CELL_GRACE)
        finally:
            self.ran_cells += time.monotonic() - began

    async def _fork(self) -> _Process:
        self.restarts += self.template.made > 0
        folder = self.template.new_folder()
        ours, theirs = socket.socketpair()
        pulse, their_pulse = _pair_of_messages()
        inherited = [theirs.fileno(), their_pulse.fileno(), *self.template.joined]
        with theirs, their_pulse:
            fork = self.template.fork_server.fork
            number = await asyncio.to_thread(fork, CANDIDATE, *inherited)
        reader, writer = await asyncio.open_connection(sock=ours)
        self._process = process = _Process(number, folder, reader, writer)
        begin = {
            "op": "begin",
            "own": str(folder),
            "shared": str(self.template.shared),
            "hidden": list(self.template.hidden),
            "user": confine.own_user(),
        }
        try:
            answer = await _exchange(process, begin, BEGIN)
        except Broke as broke:  # no learner's code has run in it yet
            raise ForkServerGone(f"a new candidate did not begin: {broke}") from broke
        self.layers = [str(layer) for layer in answer["layers"]]
        self.accept(self.layers)
        process.witness = self._witness(number, pulse)
        return process

    def _witness(self, number: int, pulse: socket.socket) -> Witness | None:
        """Return a witness of the process; None where the kernel does not allow one."""
        room = number if confine.NETWORK in self.layers else 0
        try:
            (number,) = children_of(room) if room else [number]
            witness = Witness(number, pulse, room)
        except (OSError, ValueError, IndexError):
            pulse.close()
            return None
        self.layers.append(WITNESSED)
        return witness


async def _exchange(process: _Process, request: dict[str, Any], limit: float) -> dict[str, Any]:
    """Send a request and return its answer. Raises Broke for anything but a valid answer."""
    return await _receive(process, await _send(process, request), limit)


async def _send(process: _Process, request: dict[str, Any]) -> str:
    number = secrets.token_hex(8)  # random, so that no answer can be sent before its call
    try:
        async with asyncio.timeout(CALL_GRACE):
            await wire.asend(process.writer, {**request, "id": number})
    except TimeoutError:
        raise Broke("time", "the process does not listen, and was ended") from None
    except ConnectionError:
        raise Broke("end", ENDED) from None
    return number


async def _receive(process: _Process, number: str, limit: float) -> dict[str, Any]:
    try:
        async with asyncio.timeout(limit):
            answer = await wire.areceive(process.reader)
    except TimeoutError:
        raise Broke("time", "the process could not be stopped, and was ended") from None
    except (EOFError, ConnectionError):
        raise Broke("end", ENDED) from None
    except ValueError as nonsense:
        raise Broke("nonsense", f"the process sent an invalid answer: {nonsense}") from None
    if type(answer) is not dict or answer.get("id") != number:
        raise Broke("nonsense", "the process sent an invalid answer")
    return answer


async def _call(
    process: _Process, request: dict[str, Any], limit: float
) -> tuple[dict[str, Any], Testimony | None]:
    """Have the candidate run a watched call; return its answer and what the witness saw.

    The outputs come after the record, because sending them must not count as part of the call.
    Raises Broke.
    """
    try:
        watching = Watching(process.witness, request["loop"]) if process.witness else None
    except ProcessLookupError:  # it ended after the request before
        raise Broke("end", ENDED) from None
    except (OSError, ValueError, IndexError) as error:
        if getattr(error, "errno", 0) in (errno.EMFILE, errno.ENFILE):
            raise  # the examiner itself has no descriptor left: that is no submission's doing
        raise Broke("end", f"the process could not be watched ({error})") from None
    seen = None
    try:
        knocked = watching is not None
        number = await _send(process, {"op": "watch", "knocked": knocked, **request})
        if watching is not None:
            watching.asked()
        answer = await _receive(process, number, limit)
    finally:
        if watching is not None:
            seen = watching.end()
    rest = await _receive(process, number, DRAWING)
    return {**answer, "outputs": rest.get("outputs"), "leaves": rest.get("leaves")}, seen


def _pair_of_messages() -> tuple[socket.socket, socket.socket]:
    """Return two ends of a socket that keeps messages apart."""
    try:
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    except OSError:  # macOS has no such sockets, and nothing that could watch from outside
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
