"""What the tests of grading share: slots that stay warm from one `grade` to the next, and a process
that has imported nbgrader and forks for each of its commands."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from nbgrader_commands import Commands

from autograder.grading.batch import executors, slots

_one_thread: ThreadPoolExecutor | None = None


@contextlib.contextmanager
def _kept(jobs: int | None) -> Iterator[executors.Slots]:
    """One slot for the whole session, in place of new ones for each `grade`."""
    global _one_thread  # noqa: PLW0603 one slot per process
    if jobs not in (None, 1):
        with _really(jobs) as own:
            yield own
        return
    if _one_thread is None:
        _one_thread = ThreadPoolExecutor(1, thread_name_prefix="kept slot")
    yield executors.Slots(_one_thread, 1)


_really = executors.on_this_machine


@pytest.fixture(autouse=True)
def warm_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the slot of this process: starting one costs 2 s of CPU, most of a small `grade`.

    Graders that are killed, interrupted or asked for `--jobs 2` run in processes of their own or
    with slots of their own; a test with `jobs=1` or without `jobs` gets the kept one.
    """
    monkeypatch.setattr(executors, "on_this_machine", _kept)


@pytest.fixture(scope="session")
def nbgrader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """nbgrader's command line, and graders that a test may end."""
    with Commands(tmp_path_factory.mktemp("people")) as commands:
        yield commands


@pytest.fixture(autouse=True, scope="session")
def _ended() -> Iterator[None]:
    yield
    if _one_thread is not None:
        slots.close()
        _one_thread.shutdown()
