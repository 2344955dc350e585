"""Ours and the peers: each runs one snippet and says if the loop was blocked, how long, where.

A peer is used as its documentation says, with the limit as its threshold. Its monitor gets 30 ms
before and after the snippet, so that a block in the first or the last pass can be noticed. Peers
that patch the process run in a process of their own (worker.py gives each detector one).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib.util
import json
import logging
import re
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager as Monitor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from autograder.bench.probe.labels import Snippet

Verdict = Literal["blocked", "free", "inconclusive"]
SETTLE = 0.03
TIMEOUT = 20.0
EXPECTED = "no such command"  # what a snippet about exceptions raises


@dataclass
class Detection:
    """What a detector said about one run."""

    verdict: Verdict = "free"
    seconds: float | None = None
    file: str = ""
    line: int = 0
    returned: float | None = None
    error: str = ""
    doubt: float = 0.0
    kind: str = ""
    noise: float = 0.0

    def block(self, seconds: float | None, limit: float, place: tuple[str, int]) -> None:
        """Take a longer block into account."""
        if self.seconds is None or (seconds or 0.0) > self.seconds:
            self.seconds = seconds or 0.0
            self.file, self.line = place
        if seconds is None or seconds >= limit:
            self.verdict = "blocked"


Detector = Callable[[Snippet, tuple[Any, ...], float], Detection]


def probe(snippet: Snippet, args: tuple[Any, ...], limit: float) -> Detection:
    """Run under our own probe."""
    from autograder import wire
    from autograder.monitor import watch
    from autograder.outcomes import CallFailed, Inconclusive, LoopBlocked
    from autograder.report.report import Report

    record = watch.run(snippet.function, args, {}, timeout=TIMEOUT, loop=snippet.loop)
    report, seen = Report(record), Detection(noise=0.0)
    worst = report.blocks[0] if report.blocks else None
    seen.noise = report.noise
    if worst is not None:
        seen.seconds, seen.file, seen.line = worst.seconds, worst.file, worst.line
        seen.doubt, seen.kind = worst.doubt, worst.kind
    else:
        seen.seconds = 0.0
    if record.error is not None and record.error[1] != EXPECTED:
        seen.error = ": ".join(map(str, record.error))
    if record.value is not None and isinstance(value := wire.unpack(record.value), float):
        seen.returned = value
    try:
        report.responsive(limit)
    except LoopBlocked:
        seen.verdict = "blocked"
    except Inconclusive:
        seen.verdict = "inconclusive"
        doubtful = max(report.blocks, key=lambda b: b.seconds + b.doubt)
        seen.seconds, seen.doubt = doubtful.seconds, doubtful.doubt
    except CallFailed:
        pass
    return seen


def heartbeat(snippet: Snippet, args: tuple[Any, ...], limit: float) -> Detection:
    """A task that sleeps 5 ms and notes how late it woke: what most people write."""
    seen = Detection()

    @contextlib.asynccontextmanager
    async def beating() -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()

        async def beat() -> None:
            while True:
                due = loop.time() + 0.005
                await asyncio.sleep(0.005)
                seen.block(loop.time() - due, limit, ("", 0))

        task = asyncio.create_task(beat())
        try:
            yield
        finally:
            task.cancel()

    return _run(snippet, args, seen, beating())


def asyncio_debug(snippet: Snippet, args: tuple[Any, ...], limit: float) -> Detection:
    """asyncio's debug mode with slow_callback_duration at the limit."""
    seen = Detection()

    class Slow(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if isinstance(record.args, tuple) and "took" in str(record.msg):
                seen.block(float(str(record.args[1])), limit, _place_in(str(record.args[0])))

    @contextlib.asynccontextmanager
    async def debugging() -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        loop.set_debug(True)
        loop.slow_callback_duration = limit
        yield

    logger, handler = logging.getLogger("asyncio"), Slow()
    logger.addHandler(handler)
    try:
        return _run(snippet, args, seen, debugging())
    finally:
        logger.removeHandler(handler)


def aiodebug(snippet: Snippet, args: tuple[Any, ...], limit: float) -> Detection:
    """aiodebug's log_slow_callbacks."""
    seen = Detection()
    _aiodebug_says(limit)[0] = lambda name, spent: seen.block(spent, limit, _place_in(name))
    return _run(snippet, args, seen, _nothing())


@functools.cache
def _aiodebug_says(limit: float) -> list[Callable[[str, float], None]]:
    package = importlib.import_module("aiodebug.log_slow_callbacks")
    listener: list[Callable[[str, float], None]] = [lambda name, spent: None]
    package.enable(limit, lambda name, spent: listener[0](name, spent))  # noqa: PLW0108
    return listener


def pyleak(snippet: Snippet, args: tuple[Any, ...], limit: float) -> Detection:
    """pyleak's no_event_loop_blocking, which samples the stack."""
    package = importlib.import_module("pyleak.eventloop")
    context = package.CallerContext(__file__, "pyleak", files={snippet.file, __file__})
    monitor = package.no_event_loop_blocking(
        "log", _silent(), threshold=limit, check_interval=0.01, caller_context=context
    )
    seen = _run(snippet, args, Detection(), monitor)
    for block in monitor.detector.detected_blocks:
        stack = [frame for frame in block.blocking_stack or () if frame.filename == snippet.file]
        place = (snippet.file, stack[-1].lineno or 0) if stack else ("", 0)
        seen.block(block.duration, limit, place)
        seen.verdict = "blocked"
    return seen


def blockbuster(snippet: Snippet, args: tuple[Any, ...], limit: float) -> Detection:
    """blockbuster, which patches known blocking calls to raise. It does not time anything."""
    module = importlib.import_module("blockbuster.blockbuster")
    seen = Detection()

    def noted(self: BaseException, *args: object) -> None:
        Exception.__init__(self, *args)
        stack = [f for f in traceback.extract_stack() if f.filename == snippet.file]
        seen.block(None, limit, (snippet.file, stack[-1].lineno or 0) if stack else ("", 0))

    before = module.BlockingError.__init__
    module.BlockingError.__init__ = noted
    try:
        with module.blockbuster_ctx():
            _run(snippet, args, seen, _nothing())
    finally:
        module.BlockingError.__init__ = before
    if seen.verdict == "blocked":
        seen.error = ""
    seen.seconds = None
    return seen


def aiocop(snippet: Snippet, args: tuple[Any, ...], limit: float) -> Detection:
    """aiocop, which wraps callbacks and samples the stack."""
    package = importlib.import_module("aiocop")
    seen = Detection()

    def slow(event: Any) -> None:
        if not event.exceeded_threshold:
            return
        traces = [e["trace"] for e in event.blocking_events]
        traces += [s["trace"] for s in event.cpu_stack_samples]
        lines = Counter(line for trace in traces if (line := _first_of(trace, snippet)))
        place = (snippet.file, lines.most_common(1)[0][0]) if lines else ("", 0)
        seen.block(event.elapsed_ms / 1000, limit, place)

    @contextlib.asynccontextmanager
    async def watching() -> AsyncIterator[None]:
        package.activate()
        yield

    _aiocop_says(limit)[0] = slow
    return _run(snippet, args, seen, watching())


@functools.cache
def _aiocop_says(limit: float) -> list[Callable[[Any], None]]:
    package = importlib.import_module("aiocop")
    listener: list[Callable[[Any], None]] = [lambda event: None]
    package.patch_audit_functions()
    package.start_blocking_io_detection(trace_depth=20)
    told = lambda event: listener[0](event)  # noqa: E731, PLW0108
    package.detect_slow_tasks(int(limit * 1000), told)
    return listener


def loopsentry(snippet: Snippet, args: tuple[Any, ...], limit: float) -> Detection:
    """loopsentry, which reads the main thread's stack when a timer of its own is late."""
    module = importlib.import_module("loopsentry.monitor")
    module.console.quiet = True
    with tempfile.TemporaryDirectory() as folder:
        sentry = module.LoopSentry(folder, threshold=limit)

        @contextlib.asynccontextmanager
        async def watching() -> AsyncIterator[None]:
            sentry.start()
            try:
                yield
            finally:
                sentry.stop()

        seen, place = _run(snippet, args, Detection(), watching()), ("", 0)
        for event in map(json.loads, sentry.log_file.read_text().splitlines()):
            if event["type"] == "block_started":
                place = _last_of("".join(event["stack"]), snippet)
            if event["type"] in ("block_started", "block_resolved"):
                seen.block(event["duration_current"], limit, place)
    return seen


def bare(snippet: Snippet, args: tuple[Any, ...], limit: float) -> Detection:
    """Nothing at all: what the cost of the others is measured against."""
    seen = Detection()

    async def main() -> None:
        value = await snippet.function(*args)
        seen.returned = value if isinstance(value, float) else None

    asyncio.run(main())
    return seen


PACKAGES = ("aiodebug", "pyleak", "blockbuster", "aiocop", "loopsentry")
DETECTORS: dict[str, Detector] = {
    "bare": bare,
    "probe": probe,
    "heartbeat": heartbeat,
    "asyncio debug": asyncio_debug,
    "aiodebug": aiodebug,
    "pyleak": pyleak,
    "blockbuster": blockbuster,
    "aiocop": aiocop,
    "loopsentry": loopsentry,
}


def missing(name: str) -> str:
    """Return why a detector cannot run here, or an empty string."""
    if name == "loopsentry" and sys.version_info < (3, 12):
        return "loopsentry needs Python 3.12"
    if name in PACKAGES and importlib.util.find_spec(name) is None:
        return f"{name} is not installed: .venv/bin/python -m pip install -e '.[bench]'"
    return ""


def _run(
    snippet: Snippet, args: tuple[Any, ...], seen: Detection, monitor: Monitor[Any]
) -> Detection:
    """Run the snippet on a fresh loop inside a peer's monitor."""

    async def main() -> None:
        async with monitor:
            await asyncio.sleep(SETTLE)
            try:
                value = await asyncio.wait_for(snippet.function(*args), TIMEOUT)
                seen.returned = value if isinstance(value, float) else None
            except Exception as error:
                if str(error) != EXPECTED:
                    seen.error = repr(error)
            await asyncio.sleep(SETTLE)

    with contextlib.suppress(Exception):
        asyncio.run(main())
    return seen


@contextlib.asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield


def _silent() -> logging.Logger:
    logger = logging.Logger("silent")
    logger.addHandler(logging.NullHandler())
    return logger


def _place_in(text: str) -> tuple[str, int]:
    """Return the first place named in the text of a handle or task."""
    found = re.search(r" at ([^\s>]+):(\d+)", text)
    return (found[1], int(found[2])) if found else ("", 0)


def _first_of(trace: str, snippet: Snippet) -> int:
    name = re.escape(Path(snippet.file).name)
    found = re.search(rf"{name}:(\d+):", trace)
    return int(found[1]) if found else 0


def _last_of(stack: str, snippet: Snippet) -> tuple[str, int]:
    """Return the innermost place of the snippet's file in a formatted stack."""
    found = re.findall(rf'File "{re.escape(snippet.file)}", line (\d+)', stack)
    return (snippet.file, int(found[-1])) if found else ("", 0)


if sys.platform == "win32":  # no hogs, no schedstat: only the probe's honest path can be compared
    DETECTORS = {"bare": bare, "probe": probe}
