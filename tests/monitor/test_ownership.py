"""Whose thread keeps the GIL: a pool's made once, the kernel's, or a job's of an earlier cell."""

from __future__ import annotations

import _thread
import asyncio
import contextvars
import ctypes
import functools
import gc
import hashlib
import importlib
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ipykernel.heartbeat
import IPython.core.history
import pytest
from running_kernel import run_all, warm_kernel
from zmq.utils.garbage import GarbageCollectorThread

from autograder import watch
from autograder.bench.probe.sizing import sized
from autograder.monitor import frames, ownership, sampler
from autograder.monitor.other_threads import OtherThreads, native_ids
from autograder.monitor.ownership import job_of, serves
from autograder.monitor.thread_stats import Reading, knows_waits
from autograder.outcomes import Inconclusive, LoopBlocked

keeping = ctypes.PyDLL(None)  # its functions are called with the GIL kept
LIMIT = 0.1
# Beside other work the job may be one of two that can explain it, or the verdict is left open: it
# is run again after 1, 2 and 3 s.
TRIES = 4
knowing = pytest.mark.skipif(
    not knows_waits(), reason="this kernel does not tell who waited for a CPU"
)


@functools.cache
def numbers() -> list[int]:
    """So many that sorting them takes 0.4 s."""
    n = sized(lambda n: sorted(range(n, 0, -1), key=str), 0.4, start=20_000)
    return list(range(n, 0, -1))


def long_sort() -> None:
    sorted(numbers(), key=str)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as made:
        made.submit(numbers).result()
        yield made


async def ticks() -> None:
    for _ in range(30):
        await asyncio.sleep(0.01)


class Worker(threading.Thread):
    def run(self) -> None: ...


class Beat(ipykernel.heartbeat.Heartbeat):
    def __init__(self) -> None:
        threading.Thread.__init__(self)


@pytest.mark.parametrize(
    "started",
    [
        threading.Thread(target=ticks),
        threading.Thread(target=hashlib.sha256),
        threading.Thread(target=contextvars.copy_context().run, args=(long_sort,)),
        threading.Timer(1, long_sort),
        Worker(),
        Worker(target=sampler.Sampler().stop),
    ],
    ids=["function", "of-c", "in-context", "timer", "class", "class-with-target"],
)
def test_a_thread_that_was_started_to_run_the_learners_code_serves_nobody_else(
    started: threading.Thread,
) -> None:
    assert not serves(started)


@pytest.mark.parametrize(
    "started",
    [
        Beat(),
        GarbageCollectorThread(None),
        threading.Thread(target=IPython.core.history.HistorySavingThread.stop),
        threading.Thread(target=contextvars.copy_context().run, args=(frames.own_line,)),
        threading.Thread(target=functools.partial(frames.own_line, None)),
        threading.Timer(1, frames.own_line),
    ],
    ids=["heartbeat", "zmq", "method", "ours-in-context", "partial", "timer"],
)
def test_a_thread_that_serves_the_kernel_or_the_course_is_told_by_what_it_was_started_to_run(
    started: threading.Thread,
) -> None:
    assert serves(started)


def test_a_run_that_ipykernel_puts_in_the_place_of_threads_own_makes_no_thread_the_kernels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run_closure(thread: threading.Thread) -> None: ...

    run_closure.__module__ = "ipykernel.ipkernel"
    monkeypatch.setattr(threading.Thread, "run", run_closure)
    assert not serves(threading.Thread(target=long_sort))
    assert serves(threading.Thread(target=frames.own_line))


def test_the_modules_that_frames_are_compared_with_have_the_names_of_today() -> None:
    names = {*ownership._STARTS, *(module for module, _ in ownership._POOLS), *ownership._WAITS}
    names |= {f"autograder.{name}" for name in ownership._WATCHED}
    # `autograder.moved` would also find a module of ours by an old name.
    assert {importlib.import_module(name).__name__ for name in names} == names


@knowing
def test_a_thread_that_the_call_starts_has_the_job_that_it_was_given_and_not_our_wrapping() -> None:
    at_work, over = threading.Event(), threading.Event()

    def job() -> None:
        at_work.set()
        while not over.is_set():
            pass

    others = OtherThreads(serves)
    try:
        thread = threading.Thread(target=job)
        thread.start()
        at_work.wait()
        found = None
        while found is None:  # its innermost frame may be one of `threading`, as if it waited
            found = job_of(sys._current_frames()[thread.ident or 0])
    finally:
        over.set()
        others.close()
    thread.join()
    assert found.began_at.f_code is job.__code__


@pytest.mark.slow
@knowing
def test_a_job_of_before_that_keeps_the_gil_leaves_it_open_and_is_named(
    pool: ThreadPoolExecutor,
) -> None:
    asyncio.run(left_open_by(pool, long_sort, "sorted(numbers(), key=str)"))


@knowing
def test_a_job_of_before_that_sleeps_with_the_gil_leaves_it_open_and_is_named(
    pool: ThreadPoolExecutor,
) -> None:
    asyncio.run(left_open_by(pool, lambda: keeping.usleep(400_000), "keeping.usleep(400_000)"))


async def left_open_by(pool: ThreadPoolExecutor, job: Callable[[], Any], line: str) -> None:
    begun, called, done = threading.Event(), threading.Event(), threading.Event()

    def jobs() -> None:
        begun.set()
        called.wait()
        for _ in range(2):
            job()
        done.set()

    async def call() -> None:
        called.set()
        while not done.is_set():  # noqa: ASYNC110 - the job may get a CPU 0.3 s later, or more
            await asyncio.sleep(0.01)

    for tries in range(TRIES):
        await asyncio.sleep(tries)
        begun.clear()
        called.clear()
        done.clear()
        working = pool.submit(jobs)
        begun.wait()
        report = await watch(call, timeout=60)
        with pytest.raises(Inconclusive) as said:
            report.responsive(LIMIT)
        working.result()
        if line in str(said.value):
            break
    assert "a job of an earlier cell is still running at line" in str(said.value)
    assert line in str(said.value)
    assert "wait for it, or restart the kernel" in str(said.value)
    assert not await failure(ticks)


@pytest.mark.slow
@knowing
def test_a_task_of_an_earlier_cell_on_the_kernels_loop_leaves_it_open_and_is_named() -> None:
    called, done = threading.Event(), threading.Event()

    async def call() -> None:
        called.set()
        while not done.is_set():  # noqa: ASYNC110 - the task may get a CPU 0.3 s later, or more
            await asyncio.sleep(0.01)

    async def main() -> None:
        async def left_running() -> None:
            while not called.is_set():  # noqa: ASYNC110 - the loop that sets it is another one
                await asyncio.sleep(0.01)
            for _ in range(2):
                long_sort()
                await asyncio.sleep(0.01)
            done.set()

        numbers()
        for tries in range(TRIES):
            await asyncio.sleep(tries)
            called.clear()
            done.clear()
            left = asyncio.create_task(left_running())
            report = await watch(call, timeout=60)
            with pytest.raises(Inconclusive) as said:
                report.responsive(LIMIT)
            await left
            if "a job of an earlier cell" in str(said.value):
                break
        assert "a job of an earlier cell is still running at line" in str(said.value)

    asyncio.run(main())


@pytest.mark.slow
@knowing
def test_a_job_that_the_call_gives_to_a_thread_that_was_busy_before_is_the_calls(
    pool: ThreadPoolExecutor,
) -> None:
    async def queued() -> None:
        await asyncio.get_running_loop().run_in_executor(pool, long_sort)

    pool.submit(time.sleep, 0.2)
    assert "a thread that kept the GIL" in asyncio.run(failure(queued))


def test_a_job_of_before_that_lets_go_of_the_gil_changes_nothing(pool: ThreadPoolExecutor) -> None:
    async def main() -> str:
        for tries in range(TRIES):
            await asyncio.sleep(tries)
            working = pool.submit(hashlib.sha256, bytes(200_000_000))
            report = await watch(ticks)
            working.result()
            try:
                report.responsive(LIMIT)
            except Inconclusive as left_open:
                said = str(left_open)
            else:
                return ""
        return said

    assert not asyncio.run(main())


def started_raw(work: Callable[[], None]) -> None:
    _thread.start_new_thread(work, ())


OF_C = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
of_c: list[Any] = []  # ctypes keeps no reference to a function that C code will call


def started_by_c(work: Callable[[], None]) -> None:
    of_c.append(OF_C(lambda _: work()))
    libc = ctypes.CDLL(None)
    assert libc.pthread_create(ctypes.byref(ctypes.c_ulong()), None, of_c[-1], None) == 0


@pytest.mark.slow
@knowing
@pytest.mark.parametrize("start", [started_raw, started_by_c])
def test_a_warm_thread_that_threading_does_not_know_is_blamed_only_if_it_keeps_the_gil(
    start: Callable[[Callable[[], None]], None],
) -> None:
    jobs: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
    begun, ended = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        while (job := jobs.get()) is not None:
            job()
        ended.set()

    async def given(job: Callable[[], Any]) -> None:
        done = asyncio.Event()
        loop = asyncio.get_running_loop()
        jobs.put(lambda: (job(), loop.call_soon_threadsafe(done.set)))
        await done.wait()

    async def keeps() -> None:
        await given(long_sort)

    async def lets_go() -> None:
        await given(lambda: hashlib.sha256(bytes(200_000_000)))

    numbers()
    start(work)
    begun.wait()
    try:
        said: list[str] = []
        # Once in 40 calls the thread has ended the sort before anybody could look at its line;
        # then the line that gave it the job is named. Beside other work that is more often so.
        while len(said) < 3 or (len(said) < 8 and "sorted(numbers(), key=str)" not in str(said)):
            said.append(asyncio.run(failure(keeps)))
        assert all("a thread that kept the GIL" in one for one in said)
        assert any("sorted(numbers(), key=str)" in one for one in said), said
        assert not asyncio.run(failure(lets_go))
    finally:
        jobs.put(None)
        ended.wait()


async def failure(call: Callable[[], Any]) -> str:
    """What the check of the limit says of a call; "" if it was free."""
    for tries in range(TRIES):
        await asyncio.sleep(tries)
        report = await watch(call, timeout=60)
        try:
            report.responsive(LIMIT)
        except LoopBlocked as blocked:
            return str(blocked)
        except Inconclusive as left_open:
            said = str(left_open)
        else:
            return ""
    return said


@knowing
def test_the_line_of_a_thread_weighs_as_long_as_nobody_looked_although_the_loop_is_in_select(
    pool: ThreadPoolExecutor,
) -> None:
    # It weighed nothing, so a line after it was named: the one that says that the job is done.
    # Locks, not events: in `Event.set` the worker is in `threading`, as a thread that waits.
    begun, over = threading.Lock(), threading.Lock()
    sampling = sampler.Sampler()
    sampling._loop_thread = pool.submit(threading.get_ident).result()  # it has no line now
    sampling.probe = Due()
    begun.acquire()
    with over:
        worker = threading.Thread(target=lambda: (begun.release(), over.acquire()))
        worker.start()
        begun.acquire()
        sampling.sample_loop(Due.since)
    worker.join()
    sampling._timer.close()
    weights = [weight for _, who, _, weight in sampling._lines_seen if who == worker.native_id]
    assert weights[0] > 0


class Due:
    """Stands for a probe whose loop has been late in select since a moment ago."""

    since = time.perf_counter_ns()
    moment = left = 0

    def __init__(self) -> None:
        self.base = Reading(0, 0, 0, 0)
        self.owned = ownership.Ownership(set(), 0)

    def due(self) -> int:
        return self.since


class CookieFunctions(ctypes.Structure):
    """What the C library calls when it reads from a file that is none."""

    READ = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
    _fields_ = [("read", READ), *((name, ctypes.c_void_p) for name in ("write", "seek", "close"))]


@knowing
@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "fopencookie"), reason="this C library has no fopencookie"
)
def test_a_thread_of_c_that_calls_python_for_the_first_time_in_the_call_is_the_learners() -> None:
    libc = ctypes.CDLL(None)
    libc.fopencookie.restype = ctypes.c_void_p
    called, over = threading.Event(), threading.Event()

    def read(cookie: int, buffer: int, size: int) -> int:
        if not over.is_set():
            long_sort()
        called.set()
        return 0

    functions = CookieFunctions(CookieFunctions.READ(read))
    of_c.append(functions)

    def locked_file() -> ctypes.c_void_p:
        """A thread waits in C for this file, which is locked, to read from it."""
        file = ctypes.c_void_p(libc.fopencookie(None, b"r", functions))
        libc.flockfile(file)
        thread = ctypes.byref(ctypes.c_ulong())
        assert libc.pthread_create(thread, None, libc.fgetc, file) == 0
        return file

    # Each try needs a thread of its own, and `failure` makes up to TRIES of them.
    files = [locked_file() for _ in range(3 * TRIES)]

    def unlock() -> None:
        """Keeps the GIL, or the thread of this line would wait for it, and might be to blame."""
        called.clear()
        keeping.funlockfile(files.pop())

    async def waits() -> None:
        unlock()
        while not called.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.005)

    numbers()
    said: list[str] = []
    # Python forgets the thread when its call is over. Beside other work a look may come later.
    while len(files) >= TRIES and "sorted(numbers(), key=str)" not in str(said):
        said.append(asyncio.run(failure(waits)))
    over.set()
    while files:
        unlock()
        called.wait()
    assert all("a thread that kept the GIL" in one for one in said)
    assert any("sorted(numbers(), key=str)" in one for one in said)


@knowing
def test_the_native_ids_have_the_threads_that_threading_does_not_know() -> None:
    ids: queue.SimpleQueue[tuple[int, int]] = queue.SimpleQueue()
    over = threading.Lock()
    with over:
        started_raw(
            lambda: (ids.put((_thread.get_ident(), _thread.get_native_id())), over.acquire())
        )
        ident, native = ids.get()
        known = native_ids()
    assert known[ident] == native
    assert known[threading.get_ident()] == threading.get_native_id()


@knowing
def test_a_look_at_the_threads_opens_no_file_since_that_would_release_the_gil(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def opened(*_: Any) -> None:
        raise AssertionError

    begun, over = threading.Event(), threading.Lock()
    owned = ownership.Ownership(set(), 0)
    with over, frames.frames_now():
        started_raw(lambda: (begun.set(), over.acquire()))
        begun.wait()
        monkeypatch.setattr("builtins.open", opened)
        list(owned.sample(sys._current_frames()))
    owned.close()


@knowing
def test_a_thread_that_ends_opens_no_file_since_it_would_wait_for_the_gil_and_a_cpu_unseen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[str] = []

    def work() -> None:
        monkeypatch.setattr("builtins.open", lambda path, *_, **__: opened.append(path))
        monkeypatch.setattr("os.open", lambda path, *_, **__: opened.append(path))

    others = OtherThreads(lambda _: False)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        monkeypatch.undo()
        assert opened == []
        assert others.read()[thread.native_id or 0].runs > 0
    finally:
        others.close()


@knowing
def test_each_thread_gives_its_file_back_also_one_that_ends_after_the_call() -> None:
    def descriptors() -> int:
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    over = threading.Event()
    before = descriptors()
    others = OtherThreads(lambda _: False)
    late = [threading.Thread(target=over.wait) for _ in range(20)]
    soon = [threading.Thread(target=int) for _ in range(20)]
    for thread in [*late, *soon]:
        thread.start()
    for thread in soon:
        thread.join()
    others.close()
    over.set()
    for thread in late:
        thread.join()
    del others
    assert descriptors() == before


@knowing
def test_an_earlier_job_that_ends_while_a_pass_is_measured_belongs_to_what_comes_next(
    pool: ThreadPoolExecutor,
) -> None:
    begun, over = threading.Event(), threading.Event()
    working = pool.submit(lambda: (begun.set(), over.wait()))
    begun.wait()
    owned = ownership.Ownership(set(), 0)
    elder = owned.earlier()
    assert len(elder) == 1
    owned.measuring()
    over.set()
    working.result()
    while not seen_at_rest(owned):
        time.sleep(0.001)
    owned.measured()
    assert owned.earlier() == elder
    owned.measuring()
    owned.measured()
    assert not owned.earlier()
    owned.close()


def seen_at_rest(owned: ownership.Ownership) -> bool:
    """Record what the threads do now; whether all threads of pools wait for a job."""
    with frames.frames_now() as now:
        list(owned.sample(now))
        threads = [thread for thread in threading.enumerate() if "Pool" in thread.name]
        return not any(job_of(now[thread.ident or 0]) for thread in threads)


SAID = ["blocked", "free", "blocked"]  # each block with its own line
MADE_ONCE = """
import asyncio, hashlib, json
from concurrent.futures import ThreadPoolExecutor
from autograder import watch
from autograder.outcomes import Inconclusive, LoopBlocked

text = json.dumps([{"id": n, "name": f"user {n}", "roles": [n, n]} for n in range(170_000)])
content = bytes(150_000_000)
pool = ThreadPoolExecutor(4)

async def with_ticks(job, *args):
    done = asyncio.get_running_loop().run_in_executor(pool, job, *args)
    while not done.done():
        await asyncio.sleep(0.005)

def parse():
    return len(json.loads(text))

async def keeps():
    await with_ticks(parse)

async def counts():
    total = 0
    for number in range(6_000_000):
        if number % 7 == 0:
            total += number
    return total

async def lets_go():
    await with_ticks(hashlib.sha256, content)

THREAD = "return len(json.loads(text))`, in a thread that kept the GIL"
LINES = "for number in range", "if number %", "total += number"

async def verdict(call, *lines):
    for tries in range(4):  # an inconclusive run is run again, as a learner does
        await asyncio.sleep(tries)
        try:
            (await watch(call)).responsive(0.1)
        except LoopBlocked as blocked:
            return "blocked" if any(line in str(blocked) for line in lines) else str(blocked)
        except Inconclusive as open:
            said = str(open)
        else:
            return "free"
    return said
"""


def verdicts_in_a_kernel(
    folder: Path, times: int, *, warm: bool, number: int = 0
) -> list[list[str]]:
    """What a kernel with a pool made in an earlier cell says of both twins and of a loop in Python,
    again and again, beside so many hogs. It starts them: they disturb nobody of another session.
    """
    beside = f"from autograder.bench.hogs import hogs; beside = hogs({number}); beside.__enter__()"
    cells = [MADE_ONCE, f"pool.submit(int).result(); {beside}" if warm else beside]
    asked = "await verdict(keeps, THREAD), await verdict(lets_go), await verdict(counts, *LINES)"
    cells += [f"print({asked}, sep=' | ')"] * times
    with warm_kernel(folder) as client:
        said = run_all(client, cells, patience=600)
    texts = ["".join(one["text"] for one in cell or () if one["type"] == "stream") for cell in said]
    return [text.strip().split(" | ") for text in texts[2:]]


@knowing
@pytest.mark.slow
@pytest.mark.parametrize("warm", [False, True], ids=["new", "warm"])
def test_in_a_kernel_a_pool_made_in_an_earlier_cell_hides_nothing(
    warm: bool, tmp_path: Path
) -> None:
    # Twice: in the second run the pool has threads in any case. 20 runs are made by --soak.
    assert verdicts_in_a_kernel(tmp_path, 2, warm=warm) == [SAID] * 2


@knowing
@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("number", [0, 8], ids=["quiet", "8-hogs"])
def test_in_a_kernel_no_verdict_about_a_pool_made_once_flips_in_20_runs(
    number: int, tmp_path: Path
) -> None:
    said = verdicts_in_a_kernel(tmp_path, 20, warm=True, number=number)
    assert said == [SAID] * 20
