"""A cold install, for `bench door --cold`: from nothing, by pip, and by uv where it is."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from autograder.environment import bootstrap, install_progress, installers
from autograder.paths import ROOT

UNPACKS = b"\nInstalling collected packages:"  # pip's words, when the last package was fetched


def cold() -> Iterator[tuple[str, Mapping[str, float]]]:
    """Yield each installer with the seconds of its parts; each installs into a temporary folder.

    The last one is a measure for the others: pip with two packages, jupyterlab and nbgrader.
    Caches are kept, so a second installation on one machine downloads little. Raises UserMistake
    when there is no installer, and RuntimeError with the end of the log when one fails.
    """
    for number in range(len(installers.ways(sys.executable))):
        yield _installed(lambda python: installers.ways(python)[number])  # noqa: B023 called here
    name, times = _installed(
        lambda python: [[python, "-m", "pip", "install", "jupyterlab", "nbgrader"]], with_pip=True
    )
    yield f"jupyterlab and nbgrader, {name}", times


def _installed(
    way: Callable[[str], installers.Commands], *, with_pip: bool = False
) -> tuple[str, Mapping[str, float]]:
    """Install in one way; return its name with its size, and the seconds of its parts."""
    with tempfile.TemporaryDirectory(prefix="unblocked-cold-") as folder:
        place = Path(folder) / ".venv"
        began = time.perf_counter()
        venv.create(place, symlinks=os.name != "nt", with_pip=with_pip)
        commands, times = way(str(bootstrap.python_of(place))), {}
        for command in commands:
            if "install" not in command:
                _run(command, place)
                continue
            times["an empty environment"] = time.perf_counter() - began
            began = time.perf_counter()
            unpacks = _run(command, place)
            if unpacks:
                times["fetching"] = unpacks - began
                began = unpacks
        times["unpacking, compiling" if unpacks else "the rest"] = time.perf_counter() - began
        times["all of it"] = sum(times.values())
        size = sum(file.stat().st_size for file in place.rglob("*") if not file.is_symlink())
        name = "uv" if Path(commands[0][0]).stem == "uv" else "pip"
        return f"{name} ({size / 1e6:.0f} MB)", times


def _run(command: list[str], place: Path) -> float:
    """Run an installer; return when it began to unpack (perf_counter seconds), or 0."""
    log, unpacks = bootstrap.log_of(place), 0.0
    with (
        open(log, "wb") as sink,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=installers.environment(),
            stdout=sink,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        while process.poll() is None:
            time.sleep(0.1)
            if not unpacks and UNPACKS in log.read_bytes():
                unpacks = time.perf_counter()
    if process.returncode != 0:
        raise RuntimeError(install_progress.last_lines(log))
    return unpacks
