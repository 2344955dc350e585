"""Run a coroutine function on a watched loop, and say what it did to the loop.

`watch` is what lessons and test cells call. `Run` is the run itself: a fresh loop on the thread it
is started on, bracketed by the probe. In a notebook that is a thread of its own, in the caller's
copied context, so that the kernel stays alive while the learner's loop is blocked; in the
examination it is the main thread of the candidate.
"""

from __future__ import annotations

import asyncio
import contextvars
import ctypes
import functools
import inspect
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable
from time import monotonic, perf_counter_ns
from types import TracebackType
from typing import Any, Protocol

from autograder import wire
from autograder.blame import Sampler, own_line, shown_name, source_line
from autograder.lanes import Lanes
from autograder.outcomes import UserMistake
from autograder.probe import Held, Probe, watched_loop
from autograder.report import NOT_IMPLEMENTED, Record, Report

TICK = 0.01  # s between two ticks of the fixed schedule
MOST_TICKS = 20_000
LAST_WORDS = 0.5  # s a cancelled call has to come to an end
TEARDOWN = 2.0  # s the threads and generators a call left behind have to come to an end


class _Stopped(BaseException):
    """Thrown into a thread whose loop is held by Python code after its time is over."""


async def watch(
    function: Callable[..., Any], /, *args: Any, timeout: float = 10.0, loop: str = "asyncio"
) -> Report:
    """Run `function(*args)` once on a fresh watched loop and return the Report.

    `function` is a coroutine function (`functools.partial` of one for keywords); arguments and
    result are plain data. After `timeout` seconds the call is cancelled. `loop` is "asyncio" or
    "uvloop". Raises UserMistake when it is used in a way that cannot work.
    """
    keywords: dict[str, Any] = {}
    while isinstance(function, functools.partial):
        function, args, keywords = (
            function.func,
            (*function.args, *args),
            {**function.keywords, **keywords},
        )
    if inspect.iscoroutine(function):
        name = function.__name__
        function.close()
        raise UserMistake(
            f"watch was given the coroutine {name}(...), which can run only where it was made; "
            f"give it the function and the arguments: watch({name}, ...)"
        )
    if loop not in ("asyncio", "uvloop"):
        raise UserMistake(f'watch knows the loops "asyncio" and "uvloop", not {loop!r}.')
    record = await _backend.run(function, args, keywords, timeout=timeout, loop=loop)
    return Report(record)


class Backend(Protocol):
    """Where `watch` runs its calls."""

    def run(
        self,
        function: Any,
        args: tuple[Any, ...],
        keywords: dict[str, Any],
        *,
        timeout: float,
        loop: str,
    ) -> Awaitable[Record]:
        """Run the call once and return its Record."""
        ...


def use(backend: Backend) -> None:
    """Make `watch` run its calls through `backend`: the examiner's way to the candidate."""
    global _backend  # noqa: PLW0603 one process has one place where answers run
    _backend = backend


def run(
    function: Callable[..., Any],
    args: tuple[Any, ...] = (),
    keywords: dict[str, Any] | None = None,
    *,
    timeout: float = 10.0,
    loop: str = "asyncio",
) -> Record:
    """Run `function(*args, **keywords)` once on a watched loop of the current thread."""
    return Run(function, args, keywords or {}, timeout, loop).go()


class Run:
    """One watched call, from the making of its loop to the end of its teardown."""

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        keywords: dict[str, Any],
        timeout: float,
        loop: str,
    ) -> None:
        self.record = Record(name=getattr(function, "__name__", "the call"), loop=loop)
        self._function, self._args, self._keywords = function, args, keywords
        self._timeout = timeout
        self._lanes = Lanes()
        self._late: list[tuple[float, float]] = []
        self._ended = 0
        self._expired = False
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._probe: Probe | None = None
        self._sampler: Sampler | None = None

    def go(self) -> Record:
        """Run the call on this thread and return its record."""
        self._thread = threading.get_ident()
        self._sampler = Sampler()
        self._sampler.start()
        self._probe = Probe(self._sampler)
        self._sampler.probe = self._probe
        self.record.began = monotonic()
        self.record.blind = self._probe.blind
        try:
            self._drive(self._probe)
        finally:
            self._probe.close()
            self._sampler.stop()
        self._fill(self._probe, self._sampler)
        return self.record

    def cancel(self) -> None:
        """End the call from another thread: cancel it, then stop the Python code that holds it."""
        loop = self._loop
        if loop is not None and not loop.is_closed() and self._task is not None:
            self._expired = True
            loop.call_soon_threadsafe(self._expire)

    def interrupt(self) -> None:
        """Throw an exception into the thread of the call; code stuck in C does not notice."""
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(self._thread), ctypes.py_object(_Stopped)
        )

    def stuck(self) -> Record:
        """Return what can be said of a call that does not come back; taken from another thread."""
        assert self._probe is not None and self._sampler is not None
        now = perf_counter_ns()
        began = self._probe.moment or now
        self._probe.held.append(
            Held(began - self._probe.start, now - began, 0, 0, "sleep", began, 0)
        )
        self._ended = now
        self.record.error = self._timed_out(self._probe.moment)
        self._fill(self._probe, self._sampler)
        return self.record

    def _drive(self, probe: Probe) -> None:
        self._loop = loop = self._make_loop(probe)
        previous = asyncio.events._get_running_loop()  # nest_asyncio leaves one behind
        asyncio.events._set_running_loop(None)
        try:
            asyncio.set_event_loop(loop)
            self._lanes.install(loop)
            self._task = loop.create_task(self._call())
            self._task.add_done_callback(lambda _: loop.stop())
            loop.call_later(self._timeout, self._expire)
            self._tick(loop, loop.time() + TICK, loop.time())
            self._run_forever(loop)
            self._ended = self._ended or perf_counter_ns()
            self._tear_down(loop)
        finally:
            probe.leave(perf_counter_ns(), None)
            asyncio.set_event_loop(None)
            if not loop.is_running():
                loop.close()
            asyncio.events._set_running_loop(previous)

    def _make_loop(self, probe: Probe) -> asyncio.AbstractEventLoop:
        return watched_loop(probe)

    def _run_forever(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.run_forever()
        except BaseException as error:  # SystemExit of a callback; _Stopped by interrupt
            self._note_error(error)
        if self._probe is not None:
            self._probe.leave(perf_counter_ns(), None)

    async def _call(self) -> None:
        try:
            awaitable = self._function(*self._args, **self._keywords)
            if not inspect.isawaitable(awaitable):
                self.record.error = ("TypeError", _not_async(self.record.name), "", 0)
                return
            value = await awaitable
            self._ended = perf_counter_ns()
            self.record.value = wire.pack(value, f"what `{self.record.name}` returned")
        except asyncio.CancelledError as error:
            if not self._expired:
                self._note_error(error)
        except BaseException as error:  # the learner's: SystemExit must not end the kernel
            self._note_error(error)
        finally:
            self._ended = self._ended or perf_counter_ns()

    def _note_error(self, error: BaseException) -> None:
        if self.record.error is not None or isinstance(error, _Stopped):
            if self.record.error is None:
                self.record.error = self._timed_out(0, error.__traceback__)
            return
        file, line = _innermost(error.__traceback__)
        kind = type(error).__name__
        if isinstance(error, NotImplementedError):
            kind = NOT_IMPLEMENTED
        try:
            message = str(error)[:2000]
        except Exception:  # the learner's __str__
            message = ""
        self.record.error = (kind, message, shown_name(file) if file else "", line)
        self.record.traceback = _own_traceback(error)

    def _expire(self) -> None:
        """The call's time is over: note where it waits, cancel it, and at last stop the loop."""
        if self._task is None or self._task.done():
            return
        self._expired = True
        if self.record.error is None:
            self.record.error = self._timed_out(0)
        self._task.cancel()
        assert self._loop is not None
        self._loop.call_later(LAST_WORDS, self._loop.stop)

    def _timed_out(
        self, moment: int, where: TracebackType | None = None
    ) -> tuple[str, str, str, int]:
        file, line = _innermost(where)
        if not file and moment and self._sampler is not None:
            seen = self._sampler.line_of(moment)
            file, line = (seen.file, seen.line) if seen else ("", 0)
        if not file and self._task is not None:
            stack = self._task.get_stack(limit=1)
            place = own_line(stack[-1]) if stack else None
            file, line = (place.file, place.line) if place else ("", 0)
        message = f"did not come to an end within {self._timeout:g} s"
        return ("TimeoutError", message, shown_name(file) if file else "", line)

    def _tick(self, loop: asyncio.AbstractEventLoop, due: float, start: float) -> None:
        """Note how late this tick of the fixed schedule is; missed ticks count as well."""
        now = loop.time()
        while due <= now and len(self._late) < MOST_TICKS:
            self._late.append((due - start, now - due))
            due += TICK
        if not self._ended and len(self._late) < MOST_TICKS:
            loop.call_at(due, self._tick, loop, due, start)

    def _tear_down(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel what the call left behind and wait for it, as asyncio.Runner does, with a bound."""
        if any(not task.done() for task in asyncio.all_tasks(loop)):
            self._finish(loop, _cancel_all(loop))
        self._finish(loop, loop.shutdown_asyncgens())
        executor = getattr(loop, "_default_executor", None)
        if executor is not None:
            if not any(thread.is_alive() for thread in getattr(executor, "_threads", ())):
                return
            self._finish(loop, loop.shutdown_default_executor())

    def _finish(self, loop: asyncio.AbstractEventLoop, work: Any) -> None:
        loop.set_task_factory(None)
        task = loop.create_task(work)
        task.add_done_callback(lambda _: loop.stop())
        give_up = loop.call_later(TEARDOWN, loop.stop)
        self._run_forever(loop)
        give_up.cancel()
        if task.done() and not task.cancelled():
            task.exception()
        elif not task.done():
            task._log_destroy_pending = False  # type: ignore[attr-defined]

    def _fill(self, probe: Probe, sampler: Sampler) -> None:
        record, start = self.record, probe.start
        record.seconds = max(0, (self._ended or perf_counter_ns()) - start) / 1e9
        for held in sorted(probe.held, key=lambda h: -(h.seconds + h.doubt))[:100]:
            line = sampler.line_of(held.moment, held.culprit)
            record.blocks.append(
                {
                    "seconds": held.seconds / 1e9,
                    "start": max(0, held.began) / 1e9,
                    "kind": held.kind,
                    "file": shown_name(line.file) if line else "",
                    "line": line.line if line else 0,
                    "code": source_line(line.file, line.line) if line else "",
                    "function": line.function if line else "",
                    "doubt": held.doubt / 1e9,
                }
            )
        record.late = self._late
        record.lanes = self._lanes.shown(start)
        record.noise = [(max(0, began) / 1e9, ns / 1e9) for began, ns in probe.noise[:1000]]


async def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    me = asyncio.current_task()
    tasks = [task for task in asyncio.all_tasks(loop) if task is not me]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class InThread:
    """Runs each call on a thread of its own: how `watch` works in a notebook."""

    def __init__(self) -> None:
        self._stuck: list[tuple[str, threading.Thread]] = []

    async def run(
        self,
        function: Any,
        args: tuple[Any, ...],
        keywords: dict[str, Any],
        *,
        timeout: float,
        loop: str,
    ) -> Record:
        """Run the call, keep this loop alive meanwhile, and come back even if the call does not."""
        self._refuse_when_stuck()
        name = getattr(function, "__name__", "the call")
        try:
            args = wire.copy(args, f"an argument of `{name}`")
            keywords = wire.copy(keywords, f"an argument of `{name}`")
        except wire.NotPlain as error:
            raise UserMistake(str(error)) from None
        call = Run(function, args, keywords, timeout, loop)
        done: asyncio.Future[Record] = asyncio.get_running_loop().create_future()
        thread = threading.Thread(
            target=contextvars.copy_context().run,
            args=(_deliver, call, asyncio.get_running_loop(), done),
            name=f"watch {name}",
            daemon=True,
        )
        thread.start()
        try:
            return await self._wait(call, done, thread, timeout)
        except asyncio.CancelledError:
            call.cancel()
            call.interrupt()
            raise

    async def _wait(
        self, call: Run, done: asyncio.Future[Record], thread: threading.Thread, timeout: float
    ) -> Record:
        patience = timeout + LAST_WORDS + 3 * TEARDOWN
        for limit, action in ((patience, call.interrupt), (1.5, call.interrupt), (1.5, None)):
            finished, _ = await asyncio.wait([done], timeout=limit)
            if finished:
                return done.result()
            if action is not None:
                action()
        self._stuck.append((call.record.name, thread))
        return call.stuck()

    def _refuse_when_stuck(self) -> None:
        self._stuck = [(name, thread) for name, thread in self._stuck if thread.is_alive()]
        if self._stuck:
            raise UserMistake(
                f"`{self._stuck[0][0]}` of an earlier cell is still stuck in a call that cannot be "
                f"stopped: restart the kernel (menu Kernel, Restart Kernel), then run again."
            )


def _deliver(
    call: Run, kernel_loop: asyncio.AbstractEventLoop, done: asyncio.Future[Record]
) -> None:
    """Run the call and hand its record, or our own error, to the loop that waits for it."""

    def hand_over(record: Record | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        elif record is not None:
            done.set_result(record)

    record, failure = None, None
    try:
        record = call.go()
    except BaseException as error:
        failure = error
    if not kernel_loop.is_closed():
        kernel_loop.call_soon_threadsafe(hand_over, record, failure)


def _not_async(name: str) -> str:
    return f"{name} is not a coroutine function: begin it with `async def`"


def _innermost(trace: TracebackType | None) -> tuple[str, int]:
    """Return the innermost place of the learner's code in a traceback, or ("", 0)."""
    file, number = "", 0
    while trace is not None:
        place = own_line(trace.tb_frame)
        if place is not None and place.file == trace.tb_frame.f_code.co_filename:
            file, number = place.file, trace.tb_lineno
        trace = trace.tb_next
    return file, number


def _own_traceback(error: BaseException) -> str:
    """Return the traceback of an error with the learner's frames only."""
    from autograder.blame import is_own

    summary = traceback.TracebackException.from_exception(error, limit=-60)
    own = [frame for frame in summary.stack if is_own(frame.filename)]
    for frame in own:
        frame.filename = shown_name(frame.filename)
    summary.stack = traceback.StackSummary.from_list(own)
    return "".join(summary.format(chain=False))[:8000]


_backend: Backend = InThread()

if sys.platform == "win32":  # pragma: no cover - written to the documented interface, not run
    TICK = 0.0156  # s: the resolution of the timers of Windows
