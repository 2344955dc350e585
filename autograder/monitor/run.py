"""One watched call: a fresh loop on the current thread, measured by the probe, then torn down.

In a notebook the call has a thread of its own (`watch.InThread`). In an examination it runs on the
main thread of the candidate.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import inspect
import threading
from collections.abc import Callable
from time import monotonic, perf_counter_ns
from types import TracebackType
from typing import Any

from autograder import wire
from autograder.monitor import warned
from autograder.monitor.errors import (
    NO_AWAIT,
    OTHER_LOOP,
    Stopped,
    first_of,
    innermost,
    not_async,
    not_ended,
    own_traceback,
    raiser,
    undefined,
    waiting_at,
)
from autograder.monitor.frames import shown_name, source_line
from autograder.monitor.garbage import Collections
from autograder.monitor.probe import HeldPass, Probe
from autograder.monitor.sampler import PATIENCE, Sampler
from autograder.monitor.task_trace import TaskTracer
from autograder.monitor.thread_stats import has_gil
from autograder.monitor.timer_probe import HeartbeatProbe
from autograder.report.record import Block, Record

MOST_TICKS = 20_000
LAST_WORDS = 0.5  # s: a cancelled call must end within this time
TEARDOWN = 2.0  # s: the threads and generators that a call left behind must end within this time


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
    """One watched call, from the creation of its loop to the end of its teardown.

    `on_loop` is called on the running loop right before `function`: an observer from outside can
    add a reader there. If `on_loop` raises an exception, the call ends without a value.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        keywords: dict[str, Any],
        timeout: float,
        loop: str,
        *,
        on_loop: Callable[[], None] | None = None,
    ) -> None:
        self.record = Record(name=getattr(function, "__name__", "the call"), loop=loop)
        self._function, self._args, self._keywords = function, args, keywords
        self._timeout, self._loop_kind, self._on_loop = timeout, loop, on_loop
        self._lanes = TaskTracer()
        self._ended = 0
        self._expired = False
        self._raised_at: tuple[str, int] | None = None
        self._task: asyncio.Task[None] | None = None
        self._coroutine: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._caller = threading.get_native_id()
        self._probe: Probe | None = None
        self._sampler: Sampler | None = None
        self._collections: Collections | None = None

    def go(self) -> Record:
        """Run the call on this thread and return its record."""
        self._thread = threading.get_ident()
        self._collections = collections = Collections()
        self._sampler = Sampler()
        self._sampler.start()
        kind = HeartbeatProbe if self._loop_kind == "uvloop" else Probe
        self._probe = kind(self._sampler, self._caller)
        self._sampler.probe = self._probe
        self._probe.at_leisure = self._lanes.pack
        self.record.began = monotonic()
        self.record.blind, self.record.gil = self._probe.blind, has_gil()
        try:
            with collections.watched():
                self._drive(self._probe)
        finally:
            self._probe.close()
            self._sampler.stop()
        self._fill(self._probe, self._sampler)
        return self.record

    def cancel(self) -> None:
        """Cancel the call from another thread; after LAST_WORDS seconds its loop is stopped."""
        loop = self._loop
        if loop is not None and not loop.is_closed() and self._task is not None:
            self._expired = True
            loop.call_soon_threadsafe(self._expire)

    def interrupt(self) -> None:
        """Throw Stopped into the thread of the call; a call to C code does not notice it."""
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(self._thread), ctypes.py_object(Stopped)
        )

    def interrupt_if_held(self) -> None:
        """Interrupt the call if it holds its loop; a free loop has received the cancellation."""
        if self.held_for() > LAST_WORDS:
            self.interrupt()

    def held_for(self) -> float:
        """Return for how many seconds the current pass has held the loop; 0.0 between passes."""
        since = self._probe.held_since() if self._probe is not None else 0
        return (perf_counter_ns() - since) / 1e9 if since else 0.0

    def look(self) -> None:
        """Note the line that holds the loop now, if any does; to be called on another thread.

        A thread that gets the GIL may have got it in the sampler's turn: the loop's thread gives it
        away once, when a long call to C code ends, and keeps it in the next one. A collection of
        garbage, and then the freeing of what it had made, had no line in 3 of 32 runs. Without a
        GIL there are no turns, and a look would stop all threads.
        """
        if not has_gil():
            return
        if self._probe is not None and self._sampler is not None:
            moment = self._probe.held_since()
            if moment and perf_counter_ns() - moment > PATIENCE:
                with contextlib.suppress(ValueError):  # it ends just now, and its files are closed
                    self._sampler.sample_loop(moment)

    def stuck(self) -> Record:
        """Return the record of a call that does not return; called on another thread."""
        assert self._probe is not None
        assert self._sampler is not None
        now, began = perf_counter_ns(), self._probe.held_since()
        if began:
            if self._sampler.line_of(began) is None:
                self._sampler.sample_loop(began)
            self._probe.held.append(
                HeldPass(began - self._probe.start, now - began, 0, 0, "sleep", began, 0)
            )
        self._ended = now
        self._note_timeout(began, more=" and could not be stopped")
        self._fill(self._probe, self._sampler)
        return self.record

    def learners_place(self) -> tuple[str, int] | None:
        """Return the line that raised the call's error, else where its function begins."""
        code = getattr(self._function, "__code__", None)
        begins = (code.co_filename, code.co_firstlineno) if code is not None else None
        return self._raised_at or begins

    def _drive(self, probe: Probe) -> None:
        self._loop = loop = probe.make_loop()
        previous = asyncio.events._get_running_loop()  # nest_asyncio leaves one set
        asyncio.events._set_running_loop(None)
        try:
            asyncio.set_event_loop(loop)
            self._lanes.install(loop)
            loop.set_exception_handler(warned.log)
            warned.place_warnings()
            self._coroutine = self._call()
            self._task = loop.create_task(self._coroutine)
            assert self._sampler is not None
            self._sampler.waiting = self._waits_at
            self._lanes.name_first(self.record.name)
            self._task.add_done_callback(lambda _: loop.stop())
            self._sampler.alarm(
                perf_counter_ns() + int(self._timeout * 1e9),
                lambda: loop.call_soon_threadsafe(self._expire),
            )
            self._run_forever(loop)
            self._ended = self._ended or perf_counter_ns()
            self._sampler.alarm(0, None)
            self._tear_down(loop)
        finally:
            probe.end_pass()
            if not loop.is_running():
                loop.close()
            asyncio.set_event_loop(previous)
            asyncio.events._set_running_loop(previous)

    def _run_forever(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.run_forever()
        except BaseException as error:  # SystemExit in a callback, Stopped of `interrupt`
            self._note_error(error)
        if self._probe is not None:
            self._probe.end_pass()

    def _waits_at(self) -> tuple[str, int]:
        """Return file and line of the learner's where the call waits, or ("", 0)."""
        line = waiting_at(self._coroutine)
        return (line.file, line.line) if line else ("", 0)

    async def _call(self) -> None:
        if self._on_loop is not None:
            self._on_loop()
        try:
            awaitable = self._function(*self._args, **self._keywords)
            if not inspect.isawaitable(awaitable):
                self.record.outcome = "no plain data"
                self.record.error = ("TypeError", not_async(self.record.name, awaitable), "", 0)
                return
            value = await awaitable
            self._ended = perf_counter_ns()
            self._note_value(value)
        except asyncio.CancelledError as error:
            if not self._expired:
                self._note_error(error)
        except BaseException as error:  # the learner's SystemExit must not end the kernel
            self._note_error(error)
        finally:
            self._ended = self._ended or perf_counter_ns()

    def _note_value(self, value: Any) -> None:
        try:
            self.record.value = wire.pack(value, f"what `{self.record.name}` returned")
        except wire.NotPlain as refusal:
            self.record.outcome = "no plain data"
            self.record.error = (type(refusal).__name__, str(refusal)[:2000], "", 0)

    def _note_error(self, error: BaseException) -> None:
        if self.record.error is not None:
            return
        if isinstance(error, Stopped):
            self._note_timeout(0, error.__traceback__)
            return
        first, others = first_of(error)
        file, line = innermost(first.__traceback__)
        self._raised_at = (file, line) if file else None
        kind = type(error).__name__
        self.record.outcome = "raised"
        if isinstance(first, NotImplementedError):
            kind = NotImplementedError.__name__
            self.record.outcome = "not attempted"
        try:
            message = str(first)[:2000]
        except Exception:  # the learner's __str__
            message = ""
        if name := undefined(first, file, line):
            message = (
                f"name '{name}' is not defined. Is it defined in a cell above, and has that cell "
                f"run without an error?"
            )
        if NO_AWAIT.search(message):
            message += ": did you forget `await`?"
        if first is not error:  # a group's own text is "unhandled errors in a TaskGroup"
            message = f"{type(first).__name__}: {message}" + (
                f" (and {others} more)" if others else ""
            )
        if isinstance(error, RuntimeError) and OTHER_LOOP.search(message):
            message = (
                "it uses an object (a session, lock, queue or task) of another event loop. A bot "
                "has one loop; here each call has its own, so make the object during the call. "
                f"({message[:200]})"
            )
        self.record.error = (kind, message, shown_name(file) if file else "", line)
        self.record.raised_by = raiser(first.__traceback__) or raiser(error.__traceback__)
        self.record.traceback = own_traceback(error)

    def _expire(self) -> None:
        """End a call at its time limit: record where it waits, cancel it, stop the loop later."""
        if self._task is None or self._task.done():
            return
        self._expired = True
        if self.record.error is None:
            self._note_timeout(0)
            self.record.left = not_ended(asyncio.all_tasks(self._task.get_loop()) - {self._task})
        self._task.cancel()
        assert self._loop is not None
        self._loop.call_later(LAST_WORDS, self._loop.stop)

    def _note_timeout(
        self, moment: int, where: TracebackType | None = None, more: str = ""
    ) -> None:
        """Record that the call did not end in time, at which line, and its wait for a CPU."""
        file, line = innermost(where)
        if not file and moment and self._sampler is not None:
            seen = self._sampler.line_of(moment)
            file, line = (seen.file, seen.line) if seen else ("", 0)
        if not file:
            file, line = self._waits_at()
        if self._probe is not None and threading.get_ident() == self._thread:
            self.record.starved = self._probe.starved()
        shown = shown_name(file) if file else ""
        self.record.outcome = "timed out"
        self.record.error = ("TimeoutError", out_of_time(self._timeout) + more, shown, line)

    def _tear_down(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel what the call left behind, as asyncio.Runner does; wait TEARDOWN s at most."""
        if loop.get_exception_handler() is warned.log:
            loop.set_exception_handler(warned.log_after_the_call)
        tasks = asyncio.all_tasks(loop)  # all that are not done
        if tasks:
            if self.record.outcome == "returned":
                self.record.left = not_ended(tasks)
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
        for left in asyncio.all_tasks(loop):
            _abandon(left)

    def _fill(self, probe: Probe, sampler: Sampler) -> None:
        record, start = self.record, probe.start
        record.seconds = max(0, (self._ended or perf_counter_ns()) - start) / 1e9
        self._lanes.pack_all()
        for held in sorted(probe.held, key=lambda h: -(h.seconds + h.doubt))[:100]:
            line = sampler.line_of(held.moment, held.culprit, only=held.kind == "earlier")
            kind, excused = self._garbage_in(held)
            record.blocks.append(
                Block(
                    seconds=(held.seconds - excused) / 1e9,
                    start=max(0, held.began) / 1e9,
                    kind=kind,
                    file=shown_name(line.file) if line else "",
                    line=line.line if line else 0,
                    code=source_line(line.file, line.line) if line else "",
                    function=line.function if line else "",
                    doubt=(held.doubt + excused) / 1e9,
                    library=line.library if line else "",
                    tasks=self._lanes.tasks_in(
                        held.moment,
                        held.moment + held.seconds + held.noise,
                        max(held.seconds, held.doubt),
                    ),
                )
            )
        record.late = probe.lateness(min(int(record.seconds * 1e9), MOST_TICKS * 10_000_000))
        record.lanes = self._lanes.shown(start)
        record.noise = [(max(0, began) / 1e9, ns / 1e9) for began, ns in probe.noise[:1000]]

    def _garbage_in(self, held: HeldPass) -> tuple[str, int]:
        """Return the kind of a block, and for how many ns a collection looked at older objects."""
        if held.kind != "cpu" or self._collections is None:
            return held.kind, 0
        until = held.moment + held.seconds + held.doubt + held.noise
        own, of_older = self._collections.spent(held.moment, until)
        kind = "garbage" if own + of_older > held.seconds / 2 else held.kind
        return kind, min(of_older, held.seconds)


async def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    me = asyncio.current_task()
    tasks = [task for task in asyncio.all_tasks(loop) if task is not me]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _abandon(task: asyncio.Task[Any]) -> None:
    """Leak a task that refuses to end.

    The garbage collector would throw GeneratorExit into its code. Code that swallows the exception
    would then never return, on the thread where the collector runs.
    """
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(task))


def out_of_time(seconds: float) -> str:
    """Return the message of a call that reached its time limit."""
    return f"did not finish within {seconds:g} s"
