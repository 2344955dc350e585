"""Which threads work for the learner, and which of their jobs are older than the call?

A thread that keeps the GIL holds the loop. The learner's code answers for that, however old the
thread is: a pool from an earlier cell is older than the call that gives it a job. There are three
kinds of threads:

    foreign   The thread serves the kernel or the course: it was started to run a function of
              ipykernel, IPython, pyzmq, tornado, debugpy, or of the course. The thread that called
              `watch`, and now waits, is foreign too.
    earlier   The thread does a job that began before the call; or it serves the kernel's loop and
              runs a task of the learner's there. This is work of neither the call nor the machine.
    own       Every other thread: of the call, of a library, or of a pool of an earlier cell.

The function that a thread was started to run stays the same for the thread's life, so it is read
once. For a thread of a pool, the stack shows the function that the pool was given last.

`threading` does not know the threads that `_thread` or C code started. Such a thread is judged by
its outermost frame. While it runs no Python code it has no frame, and cannot hold the GIL: until it
has one it stays foreign, if it is older than the call.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any, NamedTuple

from autograder.monitor.frames import (
    Line,
    frames_now,
    function_name,
    is_learners,
    line_number,
    own_line,
)
from autograder.monitor.jobs import given
from autograder.monitor.other_threads import at_rest, native_ids

SERVES_KERNEL = {"ipykernel", "ipykernel_launcher", "IPython", "zmq", "tornado"}
SERVES_KERNEL |= {"debugpy", "pydevd", "_pydevd_bundle"}
_OURS = __name__.partition(".")[0]
_WATCHED = ("catalog", "bench")  # our packages whose code is judged as the learner's code is
_POOLS = {("concurrent.futures.thread", "_worker"), ("multiprocessing.pool", "worker")}
# The modules of frames that call a thread's job; `other_threads` wraps the start of each thread,
# and `jobs` that of each job.
_STARTS = (
    "threading",
    "concurrent.futures.thread",
    "multiprocessing.pool",
    f"{_OURS}.monitor.other_threads",
    f"{_OURS}.monitor.jobs",
)
_WAITS = ("threading", "queue", "selectors")  # a thread whose innermost frame is here waits


NOWHERE = Line("", 0, "")


class EarlierJob(NamedTuple):
    """What a thread is doing."""

    began_at: FrameType  # the job's outermost frame: while it stays, the job is the same
    stands_at: tuple[FrameType, int]  # the innermost frame, and the instruction it is at
    line: Line | None  # the learner's innermost line
    of_pool: bool
    serves: bool  # the pool was given a function of the course


class Ownership:
    """The kinds of all threads except the loop's; made on the loop's thread when the call begins.

    `foreign` has the native ids of all threads that are older than the call. `caller` is the native
    id of the thread that called `watch`.
    """

    def __init__(self, foreign: set[int], caller: int) -> None:
        self._foreign = foreign  # shared with OtherThreads, which adds new threads
        self._frameless = set(foreign)  # those of them that have run no Python code so far
        self._loop = threading.get_ident()
        self._earlier: dict[int, EarlierJob] = {}
        self._waits_at: dict[int, tuple[FrameType, int]] = {}  # where a thread waits for a job in C
        self._over: set[int] = set()  # threads whose earlier job has ended
        self._forget: set[int] = set()  # those of them that the pass being measured is the last of
        self._guests: set[int] = set()  # foreign threads seen at a line of the learner's
        self._serving: set[int] = set()  # threads of a pool seen in a job of the course
        self.at_work = False  # whether a thread of the learner's was seen in a job, in this pass
        # The loop's thread and the foreign ones that `threading` knows: the learner's code cannot
        # hide there. 0 if it can hide from `threading`.
        self.alone = 1
        while not self._told_apart(caller):
            time.sleep(0.001)  # the sampler of another call is reading the frames
        # A learner's own worker may wait for its next job in C, as in `SimpleQueue.get`.
        for tid in at_rest([tid for tid, job in self._earlier.items() if not job.of_pool]):
            self._waits_at[tid] = self._earlier.pop(tid).stands_at

    def _told_apart(self, caller: int) -> bool:
        hidden = False  # whether `threading` does not know a thread of the learner's
        with frames_now() as frames:
            for thread, tid, frame in _others(frames, self._loop):
                self._frameless.discard(tid)
                if tid == caller or _serves(thread, frame):
                    self._foreign.add(tid)
                    self.alone += thread is not None
                    continue
                self._foreign.discard(tid)
                hidden |= thread is None
                job = job_of(frame)
                if job is not None and not job.serves and (job.line or job.of_pool):
                    self._earlier[tid] = job
            self.alone = 0 if hidden else self.alone
            return bool(frames)

    def sample(self, frames: Mapping[int, FrameType]) -> Iterator[tuple[int, Line | None]]:
        """Record what the threads do in this pass; yield (native id, line) of the learner's.

        The line is the learner's innermost one, or None. An earlier job without a line of the
        learner's has the line NOWHERE.
        """
        ended = set(self._earlier) if frames else set()  # no frames: another thread is reading them
        for thread, tid, frame in _others(frames, self._loop):
            ended.discard(tid)
            if tid in self._frameless:
                self._frameless.discard(tid)
                self._foreign -= set() if _serves(thread, frame) else {tid}
            if tid in self._foreign:
                if (line := _guest_line(frame)) is not None:
                    self._guests.add(tid)
                    yield tid, line
                continue
            job, before = job_of(frame), self._earlier.get(tid)
            if job is not None and job.stands_at == self._waits_at.get(tid):
                continue
            if before is not None and job is not None and job.began_at is not before.began_at:
                self._earlier.pop(tid, None)  # another thread may have done so
                before = None
            if before is not None:
                ended |= {tid} if job is None else set()
                yield tid, (job or before).line or NOWHERE
            elif job is not None and job.serves:
                self._serving.add(tid)
            elif job is not None:
                self.at_work = True
                yield tid, job.line
        self._over |= ended  # a job may have ended in this very pass

    def earlier(self) -> set[int]:
        """Return the threads that worked for an earlier job since the last measured pass."""
        return self._earlier.keys() | self._guests

    def foreign(self) -> set[int]:
        """Return the threads that did no work of the learner's since the last measured pass."""
        return self._foreign | self._serving if self._serving else self._foreign

    def measuring(self) -> None:
        """Note that a pass is measured now.

        The measuring releases the GIL, so that an earlier job may keep it, and end, meanwhile. That
        belongs to what is measured next.
        """
        self._forget = set(self._over)

    def measured(self) -> None:
        """Forget what the threads did in the pass that has just been measured."""
        for tid in self._forget:
            self._earlier.pop(tid, None)
        self._over -= self._forget
        self.at_work = False
        self._guests.clear()
        self._serving.clear()

    def claim_all(self) -> None:
        """Count every job as the call's own: nothing of a bot is older than the bot."""
        self._earlier.clear()

    def close(self) -> None:
        """Drop the references to frames."""
        self._earlier.clear()
        self._waits_at.clear()


def serves(thread: threading.Thread) -> bool:
    """Whether a thread was started to serve the kernel or the course."""
    target, args = getattr(thread, "_target", None), getattr(thread, "_args", ())
    # Compare functions, not modules: ipykernel 6 replaces Thread's `run` with its own.
    if type(thread).run is not threading.Thread.run:
        target, args = type(thread).run, ()
    if isinstance(thread, threading.Timer):
        target, args = thread.function, tuple(thread.args)
    return _is_serving(_module(target, args))


def job_of(frame: FrameType) -> EarlierJob | None:
    """Return the job of the thread with this innermost frame; None if it waits for a job."""
    waits = _name(frame) in _WAITS
    line, stands_at = own_line(frame), (frame, frame.f_lasti)
    at: FrameType | None = frame
    above = first = None  # the frame that `at` called; the outermost frame of the job's own code
    while at is not None:
        if (_name(at), at.f_code.co_name) in _POOLS:
            given = first is not None and _is_ours(_name(first))
            return EarlierJob(above, stands_at, line, True, given) if above is not None else None
        above = at
        if _name(at) not in _STARTS:
            first = at
        at = at.f_back
    return None if waits or first is None else EarlierJob(first, stands_at, line, False, False)


def _others(
    frames: Mapping[int, FrameType], loop: int
) -> Iterator[tuple[threading.Thread | None, int, FrameType]]:
    """Yield all threads that run Python code except the loop's: (thread, native id, frame).

    It does without the lock of `threading.enumerate`. The thread is None if `threading` does not
    know it.
    """
    unknown = dict(frames)
    unknown.pop(loop, None)
    for ident, thread in list(threading._active.items()):  # type: ignore[attr-defined]
        frame = unknown.pop(ident, None)
        if frame is not None and thread.native_id is not None:
            yield thread, thread.native_id, frame
    native = native_ids() if unknown else {}
    for ident, frame in unknown.items():
        # A thread of `threading` that has just begun, or is about to end, has no job of anybody's.
        if ident in native and _name(_outermost(frame)) != "threading":
            yield None, native[ident], frame


def _serves(thread: threading.Thread | None, frame: FrameType) -> bool:
    """As `serves`; a thread that has no function to run is judged by its outermost frame."""
    if thread is threading.main_thread():
        named = getattr(_outermost(frame).f_globals.get("__spec__"), "name", "")
        return str(named).partition(".")[0] in {_OURS, *SERVES_KERNEL}
    if thread is None or isinstance(thread, threading._DummyThread):
        return _is_serving(_name(_outermost(frame)))
    return serves(thread)


def _outermost(frame: FrameType) -> FrameType:
    program, at = frame, frame.f_back
    while at is not None:
        if not at.f_code.co_filename.startswith("<frozen"):  # runpy, of `python -m`
            program = at
        at = at.f_back
    return program


def _guest_line(frame: FrameType) -> Line | None:
    """Return the learner's line that a foreign thread runs, in a task or without a loop."""
    at: FrameType | None = frame
    while at is not None and at.f_code.co_name != "_run_once":
        code = at.f_code
        if is_learners(at):
            return Line(code.co_filename, line_number(at), function_name(code))
        at = at.f_back
    return None


def _module(target: Any, args: tuple[Any, ...]) -> str:
    """Return the module of the function that a thread was given to run."""
    return str(getattr(given(target, *args), "__module__", None) or "")


def _name(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _is_serving(module: str) -> bool:
    return module.partition(".")[0] in SERVES_KERNEL or _is_ours(module)


def _is_ours(module: str) -> bool:
    package, _, rest = module.partition(".")
    return package == _OURS and rest.partition(".")[0] not in _WATCHED
