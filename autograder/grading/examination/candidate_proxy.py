"""The examiner's side of the candidate: start it, ask it, end it, and begin anew when it broke.

A candidate that hangs, dies or answers nonsense is ended, with everything it started. The next need
gets a new one from the fork server, in a fresh folder, and replays the cells that had come to an
end, so that only the call that broke it loses. It is never forked again after a cell has run: the
child would share the parent's epoll, and its first change there would make the parent deaf.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import secrets
import shutil
import socket
import time
from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar

from autograder import wire
from autograder.grading.examination import drivers
from autograder.grading.examination.fork_client import (
    CANDIDATE,
    Client,
    ForkServerGone,
    children_of,
)
from autograder.grading.examination.handles import LearnerHandle
from autograder.grading.examination.outputs import Output, checked, clean, error
from autograder.grading.examination.witness import Testimony, Watching, Witness
from autograder.grading.jail import confine
from autograder.monitor.run import LAST_WORDS, TEARDOWN, out_of_time
from autograder.outcomes import UserMistake
from autograder.report.record import Block, Record
from autograder.report.report import Report

BEGIN = 10.0  # s a new candidate has for its first word; it takes 10 ms
CELL_GRACE = 2.5  # s more than its time that a cell has before its process is ended
# s more than its time that a call has: to be cancelled, stopped, and torn down in two steps
CALL_GRACE = 2 * LAST_WORDS + 2 * TEARDOWN
REPLAY_OF_HANG = 1.0  # s in which a cell that hung before is replayed: what it defined came first
DRAWING = 60.0  # s to draw the figures that a call left open, and send what it put out
ENDED = "the Python process ended (os._exit, a crash in C, or no memory left)"
WITNESSED = "outside witness"
LONGEST_TEXT = 2000  # characters of a name, a message or a line of code in a record


_Answer = TypeVar("_Answer")


class Broke(Exception):
    """The candidate hangs, died, or sent what is not an answer; `kind` says which."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


@dataclass
class _Process:
    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    witness: Witness | None = None


@dataclass
class Room:
    """Where candidates are made: the fork server, the folder, and the files a learner handed in."""

    zygote: Client
    folder: Path
    files: Path | None = None
    hidden: tuple[str, ...] = ()
    joined: Sequence[int] = ()  # descriptors of what candidates share: see room.open_for
    made: int = 0

    @property
    def shared(self) -> Path:
        """The folder that candidates share with the room's servers."""
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
    """The learner's side of the notebook, whichever process holds it at the moment."""

    room: Room
    accept: Callable[[list[str]], None] = lambda layers: None  # raises when they are too weak
    layers: list[str] = field(default_factory=list)
    restarts: int = 0
    _ended: list[dict[str, Any]] = field(default_factory=list)  # cells to replay, as requests
    _process: _Process | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run_cell(
        self, name: str, source: str, seconds: float, addresses: list[Any]
    ) -> list[Output]:
        """Run one cell and return its outputs; a cell that breaks the process is not replayed."""
        request = {
            "op": "cell",
            "name": name,
            "source": source,
            "seconds": seconds,
            "addresses": addresses,
        }
        async with self._turn:
            try:
                limit = seconds + CELL_GRACE
                answer = await self._ask(lambda process: _exchange(process, request, limit))
            except Broke as broke:
                return [error("ProcessEnded", str(broke), [f"In this cell {broke}."])]
            if answer.get("ended") is not True:
                request = {**request, "seconds": min(seconds, REPLAY_OF_HANG)}
            self._ended.append(request)
            return checked(answer.get("outputs"))

    async def call(self, request: dict[str, Any]) -> tuple[dict[str, Any], Testimony | None]:
        """Run one watched call; return the answer and what was seen from outside; raises Broke."""
        limit = float(request["timeout"]) + CALL_GRACE
        async with self._turn:
            return await self._ask(lambda process: _call(process, request, limit))

    async def end(self) -> None:
        """End the process and everything it started."""
        process, self._process = self._process, None
        if process is not None:
            process.writer.close()
            if process.witness is not None:
                process.witness.close()
            await asyncio.to_thread(self.room.zygote.kill, process.number)

    async def _ask(self, talk: Callable[[_Process], Awaitable[_Answer]]) -> _Answer:
        try:
            return await talk(self._process or await self._begin())
        except Broke:
            await self.end()
            raise
        except asyncio.CancelledError:
            # The test gave up waiting: the process is busy, or half replayed, so it goes.
            await asyncio.shield(self.end())
            raise

    async def _begin(self) -> _Process:
        """Return a fresh process that has replayed what had ended.

        A cell that breaks its replay ended well once, so it gets a second one: that the machine was
        slow must not cost a definition. Without it the rest may still stand.
        """
        doubted: list[dict[str, Any]] = []
        while True:
            process = await self._fork()
            for cell in self._ended:
                try:
                    await _exchange(process, cell, cell["seconds"] + CELL_GRACE)
                except Broke:
                    await self.end()
                    if cell in doubted:
                        self._ended.remove(cell)
                    doubted.append(cell)
                    break
            else:
                return process

    async def _fork(self) -> _Process:
        ours, theirs = socket.socketpair()
        pulse, their_pulse = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        inherited = [theirs.fileno(), their_pulse.fileno(), *self.room.joined]
        with theirs, their_pulse:
            number = await asyncio.to_thread(self.room.zygote.fork, CANDIDATE, *inherited)
        reader, writer = await asyncio.open_connection(sock=ours)
        self._process = process = _Process(number, reader, writer)
        self.restarts += self.room.made > 0
        begin = {
            "op": "begin",
            "own": str(self.room.new_folder()),
            "shared": str(self.room.shared),
            "hidden": list(self.room.hidden),
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
        """Watch the process from outside, where the kernel lets us."""
        try:
            (number,) = children_of(number) if confine.NETWORK in self.layers else [number]
            witness = Witness(number, pulse)
        except (OSError, ValueError, IndexError):
            pulse.close()
            return None
        self.layers.append(WITNESSED)
        return witness


class RemoteBackend:
    """Where `watch` runs its calls in the examiner: in the candidate, one at a time."""

    def __init__(
        self,
        candidate: RemoteCandidate,
        given: Container[str],
        collect: Callable[[Report, list[Output], Testimony | None], None],
    ) -> None:
        self._candidate = candidate
        self._given = given
        self._collect = collect
        self.overdue = False  # a call was given up after its own time was over

    async def run(
        self,
        function: Any,
        args: tuple[Any, ...],
        keywords: dict[str, Any],
        *,
        timeout: float,
        loop: str,
    ) -> Report:
        """Run the call in the candidate; what broke it becomes a report that fails every check."""
        name = function.__name__
        request = {
            "name": name,
            "driver": _driver_source(function, self._given),
            "args": args,
            "keywords": keywords,
            "timeout": float(timeout),
            "loop": loop,
        }
        try:
            wire.pack(args, f"an argument of `{name}`")
            wire.pack(keywords, f"an argument of `{name}`")
        except wire.NotPlain as refusal:
            raise UserMistake(str(refusal)) from None
        began, outputs, seen = time.monotonic(), [], None
        try:
            answer, seen = await self._candidate.call(request)
            record = _missing(name) if answer.get("missing") else _sound(answer, name)
            if seen is not None and not answer.get("missing"):
                _compare(record, seen)
            outputs = checked(answer.get("outputs"))
        except Broke as broke:
            record = _broken(name, broke, timeout)
        except asyncio.CancelledError:
            self.overdue |= time.monotonic() - began > timeout
            raise
        except (ValueError, TypeError, KeyError):  # of `_sound`: the answer was not a record
            await self._candidate.end()
            record = _broken(name, Broke("nonsense", "sent what is no answer"), timeout)
        if record.error is not None and not record.seconds:
            record.began, record.seconds = began, time.monotonic() - began
        report = Report(record)
        self._collect(report, outputs, seen)
        return report


async def _exchange(process: _Process, request: dict[str, Any], limit: float) -> dict[str, Any]:
    """Send a request and return its answer, or raise Broke: fails closed on anything else."""
    return await _receive(process, await _send(process, request), limit)


async def _send(process: _Process, request: dict[str, Any]) -> str:
    number = secrets.token_hex(8)  # not to be guessed: an answer cannot be sent ahead of its call
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
        raise Broke("nonsense", f"the process sent what is no answer: {nonsense}") from None
    if type(answer) is not dict or answer.get("id") != number:
        raise Broke("nonsense", "the process sent what is no answer")
    return answer


async def _call(
    process: _Process, request: dict[str, Any], limit: float
) -> tuple[dict[str, Any], Testimony | None]:
    """Have a watched call run; its outputs come after its record, when nothing is measured."""
    watching = Watching(process.witness) if process.witness is not None else None
    seen = None
    try:
        number = await _send(process, {"op": "watch", **request})
        if watching is not None:
            watching.asked()
        answer = await _receive(process, number, limit)
    finally:
        if watching is not None:
            seen = watching.end()
    rest = await _receive(process, number, DRAWING)
    return {**answer, "outputs": rest.get("outputs")}, seen


def _driver_source(function: Any, given: Container[str]) -> str:
    """The text of a driver; empty for what the candidate has under the same name."""
    if isinstance(function, LearnerHandle):
        return ""
    if isinstance(function, FunctionType):
        return drivers.source_of(function, given)
    raise UserMistake(f"watch in a test cell takes a learner's function or a driver: {function!r}")


def _sound(answer: dict[str, Any], name: str) -> Record:
    """The record of an answer, checked; raises ValueError, TypeError or KeyError."""
    record = Record.from_plain(answer["record"])
    record.name = name
    if record.value is not None:
        wire.unpack(record.value)
    if record.error is not None:
        kind, message, file, line = record.error
        record.error = (_short(kind), _short(message), _short(file), int(line))
    elif record.value is None:
        raise ValueError("a record holds neither a value nor an error")
    record.traceback = clean(record.traceback)
    record.blocks = [
        replace(
            block,
            kind=_short(block.kind),
            file=_short(block.file),
            code=_short(block.code),
            function=_short(block.function),
        )
        for block in record.blocks
    ]
    record.lanes = [
        (_short(lane), [(_moment(start), _moment(seconds)) for start, seconds in steps])
        for lane, steps in record.lanes
    ]
    return record


def _compare(record: Record, seen: Testimony) -> None:
    """Put what was seen from outside beside what the candidate says: the worse counts."""
    claimed = max((block.seconds + block.doubt for block in record.blocks), default=0.0)
    held, why = seen.contradicts(claimed, len(record.value or b""))
    record.tampered = why
    if held:
        kind = "sleep" if seen.asleep == held else "cpu"
        record.blocks.append(Block(held, 0.0, kind, "", 0, "", ""))


def _short(text: Any) -> str:
    return clean(text)[:LONGEST_TEXT]


def _moment(value: Any) -> float:
    if type(value) is not float or not math.isfinite(value):
        raise ValueError("a record holds a moment that is none")
    return value


def _missing(name: str) -> Record:
    message = (
        f"name '{name}' is not defined: is its answer cell still there, under this name, "
        f"and does it run without an error?"
    )
    return Record(name, outcome="raised", error=("NameError", message, "", 0))


def _broken(name: str, broke: Broke, timeout: float) -> Record:
    if broke.kind == "time":
        message = f"{out_of_time(timeout)}, and {broke}"
        return Record(name, outcome="timed out", error=("TimeoutError", message, "", 0))
    return Record(name, outcome="process ended", error=("ProcessEnded", str(broke), "", 0))


async def close(candidate: RemoteCandidate) -> None:
    """End the candidate, whatever it is doing; nothing is raised."""
    with contextlib.suppress(Exception):
        await candidate.end()
