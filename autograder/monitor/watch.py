"""`watch`: run a coroutine function on a watched loop, and report what it did to the loop.

In a notebook each call runs on a thread of its own, so the kernel answers while the learner's loop
is blocked. The thread gets a copy of the caller's context, so that prints reach the cell. In an
examiner, the backend of its `context` runs the same call in the candidate's process.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import threading
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, Protocol

from autograder import context, wire
from autograder.monitor import kernel_guard
from autograder.monitor.errors import Stopped
from autograder.monitor.garbage import heap
from autograder.monitor.run import LAST_WORDS, TEARDOWN, Run, run
from autograder.outcomes import UserMistake
from autograder.report.record import Record
from autograder.report.report import Report

HEARING = 0.25  # s, at most, until the kernel notices that the learner pressed Stop

__all__ = ["Backend", "InThread", "run", "watch"]


async def watch(
    function: Callable[..., Any], /, *args: Any, timeout: float = 10.0, loop: str = "asyncio"
) -> Report:
    """Run `function(*args)` once on a fresh watched loop and return the Report.

    `function` is a coroutine function; for keyword arguments, give a `functools.partial` of one.
    Arguments and result are plain data. After `timeout` seconds the call is cancelled. `loop` is
    "asyncio" or "uvloop". Raises UserMistake when an argument of `watch` cannot work.
    """
    keywords: dict[str, Any] = {}
    while isinstance(function, functools.partial):
        args, keywords = (*function.args, *args), {**function.keywords, **keywords}
        function = function.func
    if inspect.iscoroutine(function):
        name = function.__name__
        function.close()
        raise UserMistake(
            f"watch was given the coroutine {name}(...), which can run only where it was made; "
            f"give it the function and the arguments: watch({name}, ...)"
        )
    if loop not in ("asyncio", "uvloop"):
        raise UserMistake(f'watch knows the loops "asyncio" and "uvloop", not {loop!r}.')
    backend = context.this_process.backend or _in_thread
    return await backend.run(function, args, keywords, timeout=timeout, loop=loop)


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
    ) -> Awaitable[Report]:
        """Run the call once and return its Report."""
        ...


class InThread:
    """Runs each call on a thread of its own, as `watch` does in a notebook."""

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
    ) -> Report:
        """Run the call while this loop goes on; return also when the call never ends."""
        self._refuse_when_stuck()
        kernel_guard.stop_kernel()
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
            return Report(await self._wait(call, done, thread, timeout))
        except asyncio.CancelledError as stop:  # the learner interrupted the cell
            call.cancel()
            asyncio.get_running_loop().call_later(2 * LAST_WORDS, call.interrupt_if_held)
            # IPython asks the exception how to show it, and asyncio needs this exact class.
            stop._render_traceback_ = lambda: [f"`{name}` was stopped."]  # type: ignore[attr-defined]
            raise

    async def _wait(
        self, call: Run, done: asyncio.Future[Record], thread: threading.Thread, timeout: float
    ) -> Record:
        finished = await _comes(done, timeout + 2 * LAST_WORDS, call.look)
        for _ in range(int(4 * TEARDOWN / LAST_WORDS)):  # held, or in its teardown?
            if finished or call.held_for() > 1:
                break
            finished, _ = await asyncio.wait([done], timeout=LAST_WORDS)
        for _ in range(3):
            if finished:
                return done.result()
            call.interrupt()
            finished, _ = await asyncio.wait([done], timeout=1)
        self._stuck.append((call.record.name, thread))
        return call.stuck()

    def _refuse_when_stuck(self) -> None:
        self._stuck = [(name, thread) for name, thread in self._stuck if thread.is_alive()]
        if self._stuck:
            raise UserMistake(
                f"`{self._stuck[0][0]}` of an earlier cell is still stuck in a call that cannot be "
                f"stopped: restart the kernel (menu Kernel, Restart Kernel), then run again."
            )


async def _comes(
    done: asyncio.Future[Record], seconds: float, look: Callable[[], object]
) -> set[asyncio.Future[Record]]:
    """Wait for `done`, for at most `seconds`; wake this loop every HEARING seconds, and `look`.

    ipykernel 7.4 delivers the learner's Stop to a waiting loop only when something else wakes the
    loop. Without these wake-ups a blocked call is not stopped before it ends by itself.
    """
    ends = monotonic() + seconds
    while not done.done() and (left := ends - monotonic()) > 0:
        await asyncio.wait([done], timeout=min(left, HEARING))
        look()
    return {done} if done.done() else set()


def _deliver(
    call: Run, kernel_loop: asyncio.AbstractEventLoop, done: asyncio.Future[Record]
) -> None:
    """Run the call and give its record, or an error of ours, to the loop that waits for it."""

    def hand_over(record: Record | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        elif record is not None:
            done.set_result(record)

    record, failure = None, None
    try:
        with heap.left_out():
            record = call.go()
    except Stopped:  # thrown into this thread after the loop had ended
        record = call.stuck()
    except BaseException as error:
        failure = error
    if not kernel_loop.is_closed():
        kernel_loop.call_soon_threadsafe(hand_over, record, failure)


_in_thread = InThread()
