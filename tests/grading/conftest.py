"""What the tests of grading share: slots that stay warm from one `grade` to the next, and a process
that has imported nbgrader and forks for each of its commands."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from nbgrader_commands import GRADE, Commands

from autograder.environment import finding
from autograder.grading import commands
from autograder.grading.batch import executors, slots
from autograder.grading.jail import availability
from autograder.grading.nbgrader.course import Course

_one_thread: ThreadPoolExecutor | None = None
_prepare = Course.prepare


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


@pytest.fixture(autouse=True, scope="module")
def warm_slots() -> Iterator[None]:
    """Keep the slot of this process: starting one costs 2 s of CPU, most of a small `grade`.

    For a module, because fixtures of modules grade too.

    Graders that are killed, interrupted or asked for `--jobs 2` run in processes of their own or
    with slots of their own; a test with `jobs=1` or without `jobs` gets the kept one.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(executors, "on_this_machine", _kept)
        yield


_known: dict[bytes, bytes] = {}  # a unit's notebook -> the gradebook that knows only this unit


@pytest.fixture(autouse=True, scope="module")
def known_units() -> Iterator[None]:
    """Give a new course the gradebook that an earlier one had before its first submission.

    Making one, and having nbgrader read the unit into it, takes 0.4 s of CPU: the first course with
    a unit does it. `new_gradebook` is for tests of just that.
    """

    def prepare(self: Course, unit: str, *, regrade: bool = False) -> None:
        path = self.root.resolve() / "gradebook.db"
        if path.exists() or self.directory.db_url != f"sqlite:///{path}":
            _prepare(self, unit, regrade=regrade)
            return
        notebook = self.ensure_unit(unit).read_bytes()
        if notebook in _known:
            path.write_bytes(_known[notebook])
        _prepare(self, unit, regrade=regrade)
        _known[notebook] = path.read_bytes()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Course, "prepare", prepare)
        yield


@pytest.fixture
def new_gradebook(known_units: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each new course of this test make its gradebook."""
    monkeypatch.setattr(Course, "prepare", _prepare)


@functools.cache
def _refused() -> str:
    """Why submissions cannot be graded here, as doctor says it; empty if they can."""
    if os.environ.get("UNBLOCKED_ACCEPT_WEAKER_JAIL") == "1":
        return ""
    found = availability.namespaces()
    return finding.reason(found) if found.missing else ""


def _unless_refused(grade: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(grade)
    def graded(*arguments: Any, **more: Any) -> Any:
        if reason := _refused():
            pytest.skip(reason)
        return grade(*arguments, **more)

    return graded


@pytest.fixture(autouse=True, scope="session")
def grading() -> Iterator[None]:
    """Skip a test once it grades, if this machine is one on which `grade` refuses to."""
    start = Commands.start

    def started(self: Commands, folder: Any, *arguments: str, **variables: str) -> int:
        if arguments[0] in (GRADE, "autograde") and (reason := _refused()):
            pytest.skip(reason)
        return start(self, folder, *arguments, **variables)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "grade", _unless_refused(commands.grade))
        patch.setattr(Commands, "start", started)
        yield


@pytest.fixture
def may_grade() -> None:
    """Skip a test of what grades by itself, such as Formgrader's buttons, on such a machine."""
    if reason := _refused():
        pytest.skip(reason)


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
