"""However a grading ends, nothing of it goes on, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import toy_unit as toy
from processes import IMPORTS

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        not Path("/proc/self/task").exists(), reason="needs /proc to see what is left of a grading"
    ),
]

HANG = (
    "import subprocess, time\n\nsubprocess.Popen(['sleep', '98.76'], start_new_session=True)\n\n"
    "async def double(number):\n    time.sleep(60)"
)
DATABASES = """
from autograder.grading import examination
from autograder.grading.examination import Cell

for wait in (0, 60):
    print(examination.examine([
        Cell(0, "setup", "tools",
             "from autograder import watch, world; await world.start('postgres', 'mysql')"),
        Cell(1, "learner", "wait", f"import time; time.sleep({wait})"),
        Cell(2, "learner", "double", "async def double(number): return 2 * number"),
        Cell(3, "test", "double_visible", "(await watch(double, 2)).returned(4)"),
    ], on_cell=lambda cell, seen: print(cell.name, flush=True)).seen[3].status, flush=True)
"""
CHECK = (
    "import sys\nfrom pathlib import Path\nfrom autograder.grading import marking\n"
    "marking.check(sys.argv[1], Path(sys.argv[2]))"
)


def tree(process: int) -> set[int]:
    """The ids of everything under a process."""
    found: set[int] = set()
    waiting = [process]
    while waiting:
        for listing in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            try:
                young = {int(word) for word in listing.read_text().split()}
            except OSError:  # it ended while we looked
                continue
            waiting += young - found
            found |= young
    return found


# s, on a busy machine: to begin takes 4 s of CPU for imports; what is left would stay for 98
BEGINNING, ENDING = 60, 30


def until(true: Callable[[], object], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def status(process: int) -> str:
    try:
        return Path(f"/proc/{process}/status").read_text()
    except OSError:
        return ""


def alive(process: int) -> bool:
    said = status(process)
    return bool(said) and "State:\tZ" not in said


@pytest.fixture
def checking(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], set[int]]]:
    """A check of a notebook that hangs, and every process under it."""
    root = toy.course(tmp_path)
    path = toy.work(root, toy.submission(double=HANG))
    rubbish = tmp_path / "tmp"
    rubbish.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", CHECK, str(path), str(root)],
        env={**os.environ, "PYTHONPATH": IMPORTS, "TMPDIR": str(rubbish)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            # fork server, examiner, candidate, the learner's daemon; then the call has begun
            until(lambda: len(tree(process.pid)) >= 4, BEGINNING, "it did not begin")
            assert list(rubbish.glob("unblocked-grading-*"))
            yield process, tree(process.pid)
        finally:
            process.kill()
    until(lambda: not list(rubbish.glob("unblocked-grading-*")), ENDING, f"left in {rubbish}")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_grader_that_ends_takes_everything_with_it(
    number: signal.Signals, checking: tuple[subprocess.Popen[bytes], set[int]]
) -> None:
    process, others = checking
    process.send_signal(number)
    process.wait(ENDING)
    until(lambda: not any(map(alive, others)), ENDING, f"left: {[*filter(alive, others)]}")


@pytest.mark.slow
def test_an_examiner_that_is_killed_gives_no_grade(
    checking: tuple[subprocess.Popen[bytes], set[int]], tmp_path: Path
) -> None:
    process, others = checking
    (server,) = (pid for pid in others if f"PPid:\t{process.pid}\n" in status(pid))
    mine = [pid for pid in others if f"PPid:\t{server}\n" in status(pid)]
    os.kill(min(mine), signal.SIGKILL)  # the examiner was forked first
    process.wait(ENDING)
    assert not (tmp_path / "work" / ".unblocked").exists()
    until(lambda: not any(map(alive, others)), ENDING, f"left: {[*filter(alive, others)]}")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder for temporary files that the databases' own user can reach, too."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        os.chmod(name, 0o777)
        yield Path(name)


@pytest.mark.slow
def test_the_files_of_databases_go_with_their_examination_and_with_a_grader_that_is_killed(
    open_folder: Path,
) -> None:
    def files() -> list[Path]:
        return list(open_folder.glob("unblocked-[!g]*"))

    def begun() -> bool:
        return len({path.name.split("-")[1] for path in files()}) == 2

    with subprocess.Popen(
        [sys.executable, "-c", DATABASES],
        env={**os.environ, "PYTHONPATH": IMPORTS, "TMPDIR": str(open_folder)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        assert next(lines) == "tools\n"
        assert begun(), "the databases keep their files somewhere else, so this proves nothing"
        ended = [next(lines).strip() for _ in range(4)]
        assert ended == ["wait", "double", "double_visible", "passed"]
        assert not files()
        assert next(lines) == "tools\n"
        assert begun()
        process.kill()
    until(lambda: not list(open_folder.iterdir()), ENDING, "something was left behind")
