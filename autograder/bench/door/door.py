"""`bench door`: where a learner's time goes, from the command to the first picture of a loop.

Each row is measured in processes of its own, with a home of its own. The rows of one part begin
where the one above ends. Nothing is left out: a browser or an installer that is not there is said.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.bench.door import install
from autograder.environment import contributor_tools
from autograder.paths import ROOT

MOST_IMPORT = 0.3  # s that `from autograder import watch` may take, in each notebook
USABLE = "Python 3 (ipykernel) | Idle"  # the status bar's words once a cell can be run

Times = Mapping[str, float]  # seconds by row, in order


@dataclass
class Part:
    """One way through the door, and the seconds of its rows over the repeats."""

    name: str
    rows: dict[str, list[float]] = field(default_factory=dict)

    def add(self, times: Times) -> None:
        for row, seconds in times.items():
            self.rows.setdefault(row, []).append(seconds)


def measure(repeats: int, *, quick: bool = False, cold: bool = False) -> int:
    """Print the table; 0 when the import is quick enough. `cold`: also install from nothing."""
    repeats = 1 if quick else min(repeats, 5)
    print(f"Load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs; {repeats} repeats.\n")
    print("| part | what | median, s | least to most |\n|---|---|---|---|")
    ways: list[tuple[str, Callable[[], Times]]] = [("import", _imports), ("kernel", _kernel)]
    if os.name != "nt":  # there a console's Ctrl-C cannot be sent to one process
        ways.insert(1, ("lab", _lab))
    imports = Part("import")
    for name, way in ways:
        part = imports if name == "import" else Part(name)
        for _ in range(repeats):
            part.add(way())
        _show(part)
    if cold:
        for name, installed in install.cold():
            part = Part(f"cold, {name}")
            part.add(installed)
            _show(part)
    else:
        print("\nA cold install takes minutes and is measured with --cold.")
    if contributor_tools.chromium() is None:
        print("\nNo Chromium was found, so when the page is usable was not measured.")
    least = min(imports.rows[_WATCH])
    print(f"\n{_WATCH}: {least:.2f} s at the least (bound {MOST_IMPORT}).")
    return 0 if least <= MOST_IMPORT else 1


def _show(part: Part) -> None:
    for row, seconds in part.rows.items():
        spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
        print(f"| {part.name} | {row} | {statistics.median(seconds):.2f} | {spread} |", flush=True)


# Imports

_WATCH = "`from autograder import watch`"
_PROGRAMS = {
    "Python alone": "pass",
    "`import asyncio`": "import asyncio",
    _WATCH: "from autograder import watch",
    "what a lesson imports": "from autograder import predict, progress, recall, watch, world",
    "matplotlib, for a picture": "import autograder.report.plot",
}


def _imports() -> Times:
    times = {}
    for row, program in _PROGRAMS.items():
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
        times[row] = time.perf_counter() - began
    return times


# JupyterLab


def _lab() -> Times:
    """From the command to the page's answer, and to a page in which a cell can be run."""
    times: dict[str, float] = {}
    with _home() as environment:
        began = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", "autograder", "lab", "--no-browser"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                url, inside = _ready(process)
                answered = time.perf_counter() - began
                times["looks at packages, reads the verbs"] = answered - inside
                times["JupyterLab, until the page answers"] = inside
                if contributor_tools.chromium() is not None:
                    times |= _in_browser(url, Path(environment["HOME"]))
            finally:
                process.terminate()
                process.wait()
    times["all of it"] = sum(times.values())
    return times


def _ready(process: subprocess.Popen[str]) -> tuple[str, float]:
    """The address that `lab` prints, and the seconds it says it took."""
    for line in process.stdout or ():
        if line.startswith("ready in "):
            _, _, seconds, _, url = line.split()
            return url, float(seconds)
    raise RuntimeError("`lab` ended before it was ready; run it by hand to see why.")


def _in_browser(url: str, home: Path) -> Times:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(home / "profile"),
            executable_path=str(contributor_tools.chromium()),
            args=["--no-sandbox", "--disable-gpu"],  # CI is root, and has no screen
        )
        try:
            page = context.pages[0]
            began = time.perf_counter()
            page.goto(url)
            page.locator(".jp-Notebook").wait_for(timeout=120_000)
            shown = time.perf_counter()
            page.get_by_text(USABLE).wait_for(timeout=120_000)
            usable = time.perf_counter()
        finally:
            context.close()
    return {
        "Chromium, until the notebook is shown": shown - began,
        "its kernel, until a cell can be run": usable - shown,
    }


# A kernel

_CELLS = {
    "`from autograder import watch`": "from autograder import watch",
    "a first watched run (0.1 s is its own)": (
        "import asyncio\n"
        "async def roll():\n    await asyncio.sleep(0.1)\n"
        "report = await watch(roll)"
    ),
    "its picture": "report",
    "another run and its picture": "report = await watch(roll)\nreport",
}


def _kernel() -> Times:
    """From the start of a kernel to the first picture, cell by cell."""
    from jupyter_client.manager import KernelManager

    times = {}
    with _home() as environment:
        began = time.perf_counter()
        manager = KernelManager(kernel_name="python3")
        manager.start_kernel(
            env={**environment, "PYTHONPATH": str(ROOT)}, extra_arguments=["--log-level=ERROR"]
        )
        client = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=120)
            times["until it answers"] = time.perf_counter() - began
            for row, cell in _CELLS.items():
                began = time.perf_counter()
                _run(client, cell)
                times[row] = time.perf_counter() - began
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    times["until the first picture"] = sum(list(times.values())[:-1])
    return times


def _run(client: Any, cell: str) -> None:
    answer = client.execute_interactive(cell, timeout=120, output_hook=lambda message: None)
    if answer["content"]["status"] != "ok":
        raise RuntimeError(f"a cell of the bench failed: {answer['content'].get('evalue')}")


@contextmanager
def _home() -> Iterator[dict[str, str]]:
    """An environment with an empty home, as on a fresh machine; fonts' and settings' caches too."""
    with tempfile.TemporaryDirectory(prefix="unblocked-door-") as home:
        dropped = ("PYTHONPATH", "IPYTHONDIR", "MPLCONFIGDIR")
        kept = {
            name: text
            for name, text in os.environ.items()
            if name not in dropped and not name.startswith("JUPYTER_")
        }
        yield {**kept, "HOME": home}
