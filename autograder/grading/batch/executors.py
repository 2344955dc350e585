"""Many examinations at the same time: on the cores of this machine, or on a Dask cluster.

Both are executors of `concurrent.futures` that call `slots.examine`. Neither uses the gradebook:
only the worker writes it, so that SQLite has one writer.
"""

from __future__ import annotations

import contextlib
import importlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from autograder.grading.batch import slots
from autograder.grading.examination import provenance
from autograder.grading.examination.job import Done, Job
from autograder.outcomes import UserMistake

AHEAD = 2  # prepared jobs per slot: no slot waits for a job, and few jobs are in memory
_PATIENCE = 10.0  # s for a scheduler to answer


@dataclass(frozen=True)
class Slots:
    """Where examinations run, and how many of them at the same time."""

    executor: Executor
    number: int  # of slots


@contextlib.contextmanager
def on_this_machine(jobs: int | None) -> Iterator[Slots]:
    """Yield slots on this machine: `jobs` of them, or one per core.

    Raises UserMistake for more slots than cores: two examinations on one core delay each other, and
    a test that was delayed may have to be examined again.
    """
    cores = provenance.cores()
    if jobs is not None and jobs > cores:
        raise UserMistake(
            f"--jobs {jobs}: this machine has {cores} usable core{'s' if cores > 1 else ''}, and "
            f"each grading needs its own; use at most {cores}, or leave out --jobs."
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
    """Yield the slots of a Dask cluster: one for each thread of its Dask workers.

    Raises UserMistake when no scheduler answers at `address`, when the cluster has no Dask workers,
    and when a Dask worker has another version of this course.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise UserMistake(
            "--dask needs Dask, which is not installed: pip install -e '.[cluster]'"
        ) from None
    if not address.strip():
        raise UserMistake("--dask needs the scheduler's address, such as tcp://127.0.0.1:8786.")
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
        # pure=False: Dask must not reuse the result of an earlier job that looks the same
        executor = client.get_executor(pure=False, retries=1)
        yield Slots(executor, number)
    finally:
        client.close()


def run(
    jobs: Iterable[tuple[str, Callable[[], Job]]], slots_: Slots
) -> Iterator[tuple[str, Done | Exception]]:
    """Examine all jobs; yield the name and result of each, in the order in which they end.

    `jobs` are names with functions that make the jobs. A job is made only shortly before a slot is
    free for it, so the memory in use does not depend on the number of jobs. If making or examining
    a job raises an exception, the exception is its result.
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
    except Exception as error:  # a Dask worker without our code can raise anything
        raise UserMistake(
            f"A Dask worker of {address} cannot run this course ({type(error).__name__}: {error}): "
            f"install it there, in the same version."
        ) from None
    ours = provenance.here()
    for worker, theirs in found.items():
        if (theirs.code, theirs.package) != (ours.code, ours.package):
            raise UserMistake(
                f"The Dask worker {worker} has another version of this course ({theirs.package}, "
                f"code {theirs.code}) than this machine ({ours.package}, code {ours.code}): bring "
                f"both to the same commit, then start the Dask worker again."
            )
    return sum(int(worker["nthreads"]) for worker in workers.values())
