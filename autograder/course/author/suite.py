"""All checks and tests, with the same command for people and for CI.

All steps run at the same time, even after one has failed; what pytest says is shown after what the
checks say. The summary and the exit code say whether all passed. Four workers share the test files
(how: see tests/conftest.py), because tests wait as well as compute. A verdict that depends on what
runs beside it would be our bug.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True)
class Step:
    """One program of the suite; `live` shows its output as it comes, else only if it fails."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    live: bool = False


@dataclass(frozen=True)
class Ended:
    """A step that has ended: its exit code, and the seconds since the start of all."""

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
    """Run all steps, or with `arguments` only pytest; return 0 if every step passed."""
    pytest = _pytest(arguments, quick=quick, soak=soak)
    ended = _side_by_side(root, [pytest] if arguments else [*CHECKS, pytest])
    if len(ended) > 1:
        print(_summary(ended))
    return max(one.code != 0 for one in ended)


def _pytest(arguments: Sequence[str], *, quick: bool, soak: bool) -> Step:
    """Return the step that runs pytest; a `-m` in the arguments comes last and replaces ours."""
    marks = "not slow and not soak" if quick else "not soak"
    select = ("-m", "" if soak else marks)
    # tests/conftest.py sets the order: by default, long files with few tests would come last.
    workers = ("-n", "4", "--dist", "loadfile", "--no-loadscope-reorder", "--durations", "10")
    beside = () if arguments or soak else workers
    if not arguments and sys.stdout.isatty():
        beside = (*beside, "--color", "yes")  # its output passes through a pipe
    return Step("pytest", "pytest", (*select, *beside, *arguments), live=True)


def _side_by_side(root: Path, steps: Sequence[Step]) -> list[Ended]:
    """Run the steps at the same time, print each in order; if this process ends, so do they."""
    began, ended = time.monotonic(), []
    with contextlib.ExitStack() as cleaned:
        alone = len(steps) == 1
        processes = [cleaned.enter_context(_start(root, step, alone=alone)) for step in steps]
        try:
            for step, process in zip(steps, processes, strict=True):
                if step.live and process.stdout is not None:
                    _pass_on(process.stdout)
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


def _start(root: Path, step: Step, *, alone: bool) -> subprocess.Popen[str]:
    shown = step.live and alone  # the terminal itself, for `-s` and debuggers
    return subprocess.Popen(
        [sys.executable, "-m", step.module, *step.arguments],
        cwd=root,
        stdout=None if shown else subprocess.PIPE,
        stderr=None if shown else subprocess.STDOUT,
        text=True,
    )


def _pass_on(output: IO[str]) -> None:
    """Show what a program says as it comes, to its end."""
    print(flush=True)
    while text := os.read(output.fileno(), 4096):
        os.write(sys.stdout.fileno(), text)


def _tell(ended: Ended, output: str) -> None:
    word = "ok" if ended.code == 0 else "FAILED"
    print(f"{ended.step.name:15}{word:8}after {ended.seconds:.1f} s", flush=True)
    if ended.code != 0:
        print(output, flush=True)


def _end(process: subprocess.Popen[str], *, has_been_told: bool) -> None:
    """Interrupt a step once, and wait until it has cleaned up; a second signal would stop that.

    In a terminal, Ctrl-C reaches the step too, so it gets 10 s to end by itself. Only the signal of
    `kill -INT` on this process does not reach it.
    """
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10 if has_been_told else 0)
    if process.poll() is None:
        process.terminate() if sys.platform == "win32" else process.send_signal(signal.SIGINT)
    process.wait()


def _summary(ended: Sequence[Ended]) -> str:
    failed = [one.step.name for one in ended if one.code != 0]
    seconds = ended[-1].seconds
    minutes = f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    if failed:
        return f"\nFAILED in {minutes}: {', '.join(failed)}."
    return f"\nAll {len(ended)} checks passed in {minutes}."
