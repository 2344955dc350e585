"""Many examinations at once: on the cores of this machine, or in the slots of a Dask cluster.

Either is an executor of `concurrent.futures` that calls `worker.examine`. The gradebook is no
business of theirs: the process that asks writes it, alone, so that SQLite has one writer.
"""

from __future__ import annotations

import contextlib
import importlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from autograder.grading.batch import worker as slots
from autograder.grading.examination import provenance
from autograder.grading.examination.job import Done, Job
from autograder.outcomes import UserMistake

AHEAD = 2  # jobs a slot that are prepared: enough that none waits, few enough to hold in memory
_PATIENCE = 10.0  # s for a scheduler to answer


@dataclass(frozen=True)
class Slots:
    """Where examinations run, and how many at once."""

    executor: Executor
    number: int


@contextlib.contextmanager
def on_this_machine(jobs: int | None) -> Iterator[Slots]:
    """Slots here: one a core unless told fewer. Raises UserMistake when told more.

    Two examinations on one core would make each other late, and one that is late may have to be
    examined again.
    """
    cores = provenance.cores()
    if jobs is not None and jobs > cores:
        raise UserMistake(
            f"--jobs {jobs}: this machine has {cores} core{'s' if cores > 1 else ''} for us, and "
            f"two examinations never share one; give at most {cores}, or leave out --jobs."
        )
    number = jobs or cores
    executor = ThreadPoolExecutor(number, thread_name_prefix="slot")
    try:
        yield Slots(executor, number)
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        slots.close()


@contextlib.contextmanager
def on_dask(address: str) -> Iterator[Slots]:
    """The slots of a Dask cluster: one examination at a time for each thread of its workers.

    Raises UserMistake when there is no such cluster, or its workers have another code than we.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise UserMistake(
            "--dask needs Dask, which is not installed: pip install -e '.[cluster]'"
        ) from None
    if not address.strip():
        raise UserMistake("--dask wants the scheduler's address, such as tcp://127.0.0.1:8786.")
    try:
        client = distributed.Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserMistake(
            f"No Dask scheduler answers at {address} ({reason}): start one with `dask scheduler`, "
            f"and give the address that it prints, such as tcp://127.0.0.1:8786."
        ) from None
    try:
        number = _slots_of(client, address)
        # pure=False: the same submission examined again is another examination
        executor = client.get_executor(pure=False, retries=1)
        yield Slots(executor, number)
    finally:
        client.close()


def run(
    jobs: Iterable[tuple[str, Callable[[], Job]]], slots_: Slots
) -> Iterator[tuple[str, Done | Exception]]:
    """Examine each named job and yield what came of it, in the order in which they end.

    A job is made only when its turn is near, so that memory stays flat however many there are. An
    exception, of making the job or of examining it, is what came of it.
    """
    waiting: dict[Future[Done], str] = {}
    ready: deque[tuple[str, Done | Exception]] = deque()
    for name, make in jobs:
        try:
            waiting[slots_.executor.submit(slots.examine, make())] = name
        except Exception as error:
            ready.append((name, error))
        while ready:
            yield ready.popleft()
        while len(waiting) >= AHEAD * slots_.number:
            yield from _ended(waiting)
    while waiting:
        yield from _ended(waiting)


def _ended(waiting: dict[Future[Done], str]) -> Iterator[tuple[str, Done | Exception]]:
    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in done:
        name = waiting.pop(future)
        error = future.exception()
        if isinstance(error, Exception):
            yield name, error
        elif error is None:
            yield name, future.result()
        else:
            raise error


def _slots_of(client: Any, address: str) -> int:
    workers = client.scheduler_info(n_workers=-1)["workers"]
    if not workers:
        raise UserMistake(
            f"The Dask cluster at {address} has no workers: start some, on each machine, with "
            f"`dask worker {address} --nworkers CORES --nthreads 1`."
        )
    try:
        found = client.run(provenance.here)
    except Exception as error:  # whatever a worker raises that has not our code
        raise UserMistake(
            f"A worker of {address} cannot run this course ({type(error).__name__}: {error}): "
            f"install it there, in the same version."
        ) from None
    ours = provenance.here()
    for worker, theirs in found.items():
        if (theirs.code, theirs.package) != (ours.code, ours.package):
            raise UserMistake(
                f"The worker {worker} has another version of this course ({theirs.package}, code "
                f"{theirs.code}) than this machine ({ours.package}, code {ours.code}): bring both "
                f"to the same commit, then start the worker again."
            )
    return sum(int(worker["nthreads"]) for worker in workers.values())
