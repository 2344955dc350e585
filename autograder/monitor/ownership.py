"""Whose is a thread, and since when does it do what it does?

A thread that keeps the GIL stops the loop, and the learner's code answers for that, whenever the
thread began: a pool made once, in an earlier cell, is older than the call that gives it a job.
Three kinds are told apart:

    foreign   it serves the kernel or the course: it was started to run a function of ipykernel,
              IPython, pyzmq, tornado, debugpy, or of ours; or it called `watch`, and now waits
    earlier   it is doing a job that it did already when the call began, or it serves the kernel's
              loop, on which a task of the learner's is running: not this call's doing, and not the
              machine's either
    own       every other one: the call's threads, pools made once, a library's threads

What a thread was started to run is the same for its whole life, so it is read once. A thread of a
pool is asked for its job: which function the pool was given last.

A thread that Python does not know runs no Python code, cannot have the GIL, and stays what it was:
foreign when it is older than the call.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Iterator, Mapping
from contextvars import Context
from types import FrameType
from typing import Any, NamedTuple

from autograder.monitor.frames import Line, frames_now, function_name, is_own, own_line
from autograder.monitor.thread_stats import at_rest

SERVES_KERNEL = {"ipykernel", "ipykernel_launcher", "IPython", "zmq", "tornado"}
SERVES_KERNEL |= {"debugpy", "pydevd", "_pydevd_bundle"}
_OURS = __name__.partition(".")[0]
_WATCHED = ("catalog", "bench")  # of our packages: what they run is judged as a learner's is
_POOLS = {("concurrent.futures.thread", "_worker"), ("multiprocessing.pool", "worker")}
_STARTS = ("threading", "concurrent.futures.thread", "multiprocessing.pool", f"{_OURS}.clock")
_WAITS = ("threading", "queue", "selectors")  # whose innermost call is theirs waits for a job


NOWHERE = Line("", 0, "")


class EarlierJob(NamedTuple):
    """What a thread was found doing."""

    began_at: FrameType  # its outermost frame: as long as it is this one, it is the same job
    stands_at: tuple[FrameType, int]  # its innermost frame, and the instruction there
    line: Line | None  # the innermost line of the learner's
    of_pool: bool
    serves: bool  # a pool was given a function of ours


class Ownership:
    """The threads beside the loop's, which makes this when the call begins.

    `caller`: native id of the thread that called `watch`.
    """

    def __init__(self, foreign: set[int], caller: int) -> None:
        self._foreign = foreign  # native ids; all older threads until now, and grows with newcomers
        self._loop = threading.get_ident()
        self._earlier: dict[int, EarlierJob] = {}
        self._waits_at: dict[int, tuple[FrameType, int]] = {}  # of who waits for a job in C
        self._over: set[int] = set()  # whose earlier job was seen to have ended
        self._guests: set[int] = set()  # foreign threads seen in a line of the learner's
        self._serving: set[int] = set()  # threads of a pool seen in a job of ours
        self.at_work = False  # whether a thread of the learner's was seen in a job, in this pass
        self.alone = 1  # Python's threads that the learner's code cannot hide in: the loop's, these
        while not self._told_apart(caller):
            time.sleep(0.001)  # the sampler of another call is just looking
        # A worker of one's own may wait for its next job in C, as in the `get` of a SimpleQueue.
        for tid in at_rest([tid for tid, job in self._earlier.items() if not job.of_pool]):
            self._waits_at[tid] = self._earlier.pop(tid).stands_at

    def _told_apart(self, caller: int) -> bool:
        with frames_now() as frames:
            for thread, tid, frame in _others(frames, self._loop):
                if tid == caller or _serves(thread, frame):
                    self._foreign.add(tid)
                    self.alone += 1
                    continue
                self._foreign.discard(tid)
                job = job_of(frame)
                if job is not None and not job.serves and (job.line or job.of_pool):
                    self._earlier[tid] = job
            return bool(frames)

    def sample(self, frames: Mapping[int, FrameType]) -> Iterator[tuple[int, Line | None]]:
        """Take note of what the threads do in this pass; give (native id, line of the learner's or
        None) of those that do something of the learner's. Of an earlier job without one: NOWHERE.
        """
        ended = set(self._earlier) if frames else set()  # none: another thread is just looking
        for _, tid, frame in _others(frames, self._loop):
            ended.discard(tid)
            if tid in self._foreign:
                if (line := _guest_line(frame)) is not None:
                    self._guests.add(tid)
                    yield tid, line
                continue
            job, before = job_of(frame), self._earlier.get(tid)
            if job is not None and job.stands_at == self._waits_at.get(tid):
                continue
            if before is not None and job is not None and job.began_at is not before.began_at:
                del self._earlier[tid]
                before = None
            if before is not None:
                ended |= {tid} if job is None else set()
                yield tid, (job or before).line or NOWHERE
            elif job is not None and job.serves:
                self._serving.add(tid)
            elif job is not None:
                self.at_work = True
                yield tid, job.line
        self._over |= ended  # perhaps in this very pass

    def earlier(self) -> set[int]:
        """Return whose work since the last measured pass was that of an earlier job."""
        return self._earlier.keys() | self._guests

    def foreign(self) -> set[int]:
        """Return whose work since the last measured pass was none of the learner's."""
        return self._foreign | self._serving if self._serving else self._foreign

    def measured(self) -> None:
        """A pass was measured: what was seen in it says nothing about the next one."""
        for tid in self._over:
            self._earlier.pop(tid, None)
        self.at_work = False
        self._over.clear()
        self._guests.clear()
        self._serving.clear()

    def close(self) -> None:
        """Let go of the frames."""
        self._earlier.clear()
        self._waits_at.clear()


def serves(thread: threading.Thread) -> bool:
    """Whether a thread was started to serve the kernel, or the course."""
    target, args = getattr(thread, "_target", None), getattr(thread, "_args", ())
    # Not by its module: ipykernel 6 puts a `run` of its own in the place of Thread's.
    if type(thread).run is not threading.Thread.run:
        target, args = type(thread).run, ()
    if isinstance(thread, threading.Timer):
        target, args = thread.function, tuple(thread.args)
    return _is_serving(_module(target, args))


def job_of(frame: FrameType) -> EarlierJob | None:
    """Return the job of the thread whose innermost frame this is; None when it waits for one."""
    waits = _name(frame) in _WAITS
    line, stands_at = own_line(frame), (frame, frame.f_lasti)
    at: FrameType | None = frame
    above = first = None  # the frame inside of `at`; the outermost one of the job's own code
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
) -> Iterator[tuple[threading.Thread, int, FrameType]]:
    """Python's threads but the loop's, without the lock that `threading.enumerate` takes."""
    for ident, thread in list(threading._active.items()):  # type: ignore[attr-defined]
        frame = frames.get(ident)
        if ident != loop and frame is not None and thread.native_id is not None:
            yield thread, thread.native_id, frame


def _serves(thread: threading.Thread, frame: FrameType) -> bool:
    """The same as `serves`, also for the main thread, which was given no function to run."""
    if thread is not threading.main_thread():
        return serves(thread)
    program, at = frame, frame.f_back
    while at is not None:
        if not at.f_code.co_filename.startswith("<frozen"):  # runpy, of `python -m`
            program = at
        at = at.f_back
    named = str(getattr(program.f_globals.get("__spec__"), "name", ""))
    return named.partition(".")[0] in {_OURS, *SERVES_KERNEL}


def _guest_line(frame: FrameType) -> Line | None:
    """The line of the learner's that a thread runs for the loop it serves, or for nobody."""
    at: FrameType | None = frame
    while at is not None and at.f_code.co_name != "_run_once":
        code = at.f_code
        if is_own(code.co_filename) and at.f_lineno is not None:
            return Line(code.co_filename, at.f_lineno, function_name(code))
        at = at.f_back
    return None


def _module(target: Any, args: tuple[Any, ...]) -> str:
    """The module of what a thread was given to run."""
    while isinstance(target, functools.partial):
        target, args = target.func, (*target.args, *args)
    if isinstance(getattr(target, "__self__", None), Context) and args:
        return _module(args[0], args[1:])
    return str(getattr(target, "__module__", None) or "")


def _name(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _is_serving(module: str) -> bool:
    return module.partition(".")[0] in SERVES_KERNEL or _is_ours(module)


def _is_ours(module: str) -> bool:
    package, _, rest = module.partition(".")
    return package == _OURS and rest.partition(".")[0] not in _WATCHED
