"""Everything that is checked before a change is good: the same command for people and for CI.

All steps run, also after one has failed; the summary at the end and the exit code tell. The checks
run side by side, pytest after them. Two workers share its files (how: tests/conftest.py), for they
wait as well as compute, and a verdict that depended on what runs beside it would be our fault.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Step:
    """One program of the suite; its output is shown as it comes when `live`, else if it fails."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    live: bool = False


@dataclass(frozen=True)
class Ended:
    """How a step ended, and after how many seconds."""

    step: Step
    code: int
    seconds: float


CHECKS = (
    Step("ruff check", "ruff", ("check", "--quiet", ".")),
    Step("ruff format", "ruff", ("format", "--check", "--quiet", "autograder", "tests")),
    Step("mypy", "mypy"),
    Step("lint-imports", "autograder.course.author.floors"),
    Step("codespell", "codespell_lib", (".",)),
    Step("build --check", "autograder", ("build", "--check")),
)


def run(root: Path, arguments: Sequence[str], *, quick: bool, soak: bool) -> int:
    """Run all steps, or with `arguments` pytest alone, and return 0 when every one passed."""
    pytest = _pytest(arguments, quick=quick, soak=soak)
    ended = [] if arguments else _side_by_side(root, CHECKS)
    print(flush=True)
    ended += _side_by_side(root, [pytest])
    if len(ended) > 1:
        print(_summary(ended))
    return max(one.code != 0 for one in ended)


def _pytest(arguments: Sequence[str], *, quick: bool, soak: bool) -> Step:
    """Leave out what is marked, unless the arguments hold a `-m` of their own: the last wins."""
    marks = "not slow and not soak" if quick else "not soak"
    select = ("-m", "" if soak else marks)
    # The order is conftest's: the longest files have few tests, and would come last.
    workers = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "--durations", "10")
    beside = () if arguments or soak else workers
    return Step("pytest", "pytest", (*select, *beside, *arguments), live=True)


def _side_by_side(root: Path, steps: Sequence[Step]) -> list[Ended]:
    """Run the steps at once and tell of each in its turn; whatever ends us ends them too."""
    began, ended = time.monotonic(), []
    with contextlib.ExitStack() as cleaned:
        processes = [cleaned.enter_context(_start(root, step)) for step in steps]
        try:
            for step, process in zip(steps, processes, strict=True):
                output, _ = process.communicate()
                ended.append(Ended(step, process.returncode, time.monotonic() - began))
                if not step.live:
                    _tell(ended[-1], output)
        except BaseException as end:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            for process in processes:
                _end(process, has_been_told=isinstance(end, KeyboardInterrupt))
            raise
    return ended


def _start(root: Path, step: Step) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", step.module, *step.arguments],
        cwd=root,
        stdout=None if step.live else subprocess.PIPE,
        stderr=None if step.live else subprocess.STDOUT,
        text=True,
    )


def _tell(ended: Ended, output: str) -> None:
    word = "ok" if ended.code == 0 else "FAILED"
    print(f"{ended.step.name:15}{word:8}after {ended.seconds:.1f} s", flush=True)
    if ended.code != 0:
        print(output, flush=True)


def _end(process: subprocess.Popen[str], *, has_been_told: bool) -> None:
    """Interrupt the step once and await its clean-up, which a second signal would cut short.

    A terminal gives Ctrl-C to the step as well; `kill -INT` on us alone does not, hence the delay.
    """
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10 if has_been_told else 0)
    if process.poll() is None:
        process.terminate() if sys.platform == "win32" else process.send_signal(signal.SIGINT)
    process.wait()


def _summary(ended: Sequence[Ended]) -> str:
    failed = [one.step.name for one in ended if one.code != 0]
    seconds = ended[-1].seconds + ended[-2].seconds  # of pytest, and of the slowest check
    minutes = f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    if failed:
        return f"\nFAILED in {minutes}: {', '.join(failed)}."
    return f"\nAll {len(ended)} checks passed in {minutes}."
