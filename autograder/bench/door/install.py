"""A cold install, for `bench door --cold`: from nothing, by pip, and by uv where it is."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Mapping
from pathlib import Path

from autograder.environment import bootstrap, install_progress
from autograder.paths import ROOT

UNPACKS = b"\nInstalling collected packages:"  # pip's words, when the last package was fetched


def cold() -> Iterator[tuple[str, Mapping[str, float]]]:
    """Yield each installer with the seconds of its parts; each installs into a temporary folder.

    Caches are kept, so a second installation on one machine downloads little. Raises UserMistake
    when there is no installer, and RuntimeError with the end of the log when one fails.
    """
    for number in range(len(bootstrap.ways(sys.executable))):
        with tempfile.TemporaryDirectory(prefix="unblocked-cold-") as folder:
            place = Path(folder) / ".venv"
            began = time.perf_counter()
            venv.create(place, symlinks=os.name != "nt")
            *preparing, last = bootstrap.ways(str(bootstrap.python_of(place)))[number]
            for command in preparing:
                _run(command, place)
            times = {"an empty environment": time.perf_counter() - began}
            began = time.perf_counter()
            unpacks = _run(last, place)
            ended = time.perf_counter()
            if unpacks:
                times["fetching"] = unpacks - began
                times["unpacking"] = ended - unpacks
            else:
                times["fetching and unpacking"] = ended - began
            times["all of it"] = sum(times.values())
            yield ("pip" if "pip" in last[:3] and last[0].endswith("python") else "uv"), times


def _run(command: list[str], place: Path) -> float:
    """Run an installer; return when it began to unpack (perf_counter seconds), or 0."""
    log, unpacks = bootstrap.log_of(place), 0.0
    with (
        open(log, "wb") as sink,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=bootstrap.environment(),
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
