"""What this machine offers to the course, and what each missing thing costs.

It runs before anything is installed, so that it can be asked when the installation fails. A room
that depends on the machine adds a function to `_ROOMS`; tests skip with `reason(...)`, so that a
skipped test and the doctor always give the same reason.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autograder import installing
from autograder.monitor import thread_stats
from autograder.pythons import NEWEST, RANGE

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for; `costs` says what goes without it, empty when it is there."""

    name: str
    found: str
    costs: str = ""

    @property
    def missing(self) -> bool:
        return bool(self.costs)


def report() -> str:
    """Return all findings as aligned text; takes well under a second."""
    rooms = {title: look() for title, look in _ROOMS.items()}
    width = max(len(finding.name) for findings in rooms.values() for finding in findings)
    lines = []
    for title, findings in rooms.items():
        lines += ["", title]
        for finding in findings:
            mark = "no" if finding.missing else "ok"
            lines.append(f"  {mark}  {finding.name:{width}}  {finding.found}")
            indent = " " * (width + 8)
            lines += textwrap.wrap(
                finding.costs, 100, initial_indent=indent, subsequent_indent=indent
            )
    missing = sum(finding.missing for findings in rooms.values() for finding in findings)
    lines += ["", f"{missing} of the things above are missing." if missing else "All is there."]
    return "\n".join(lines).strip()


def reason(finding: Finding) -> str:
    """Return the sentence with which a test is skipped when the thing is missing."""
    return f"{finding.name}: {finding.found}; without it {finding.costs}"


# Python


def python() -> list[Finding]:
    """Which interpreter runs, and whether the course's packages are installed in it."""
    version = f"{platform.python_implementation()} {platform.python_version()}"
    found = f"{version}, {sys.executable} (the course runs on {RANGE})"
    too_new = f"packages may not install: then start with {RANGE}"
    costs = too_new if sys.version_info[:2] > NEWEST else ""
    return [Finding("Python", found, costs), packages(), uv(), platform_name()]


def packages() -> Finding:
    """Whether the interpreter that runs has what requirements.txt names."""
    if installing.has_everything():
        return Finding("packages", f"installed in {sys.prefix}")
    return Finding(
        "packages",
        "not installed, or not in the versions of requirements.txt",
        "the verbs cannot run; `python3 -m autograder lab` installs them on its first start",
    )


def uv() -> Finding:
    """Whether uv is there; pip does the same, in more time, so nothing is lost without it."""
    found = shutil.which("uv")
    return Finding("installer", f"uv ({found})" if found else "pip (with uv it would be faster)")


def platform_name() -> Finding:
    """The machine, and how many CPUs this process may use."""
    from autograder.grading import surroundings

    return Finding("platform", f"{platform.platform()}, {surroundings.cores()} CPU(s)")


# The clock


def kernel_clock() -> list[Finding]:
    """Whether a thread's wait for a CPU can be told from its sleep."""
    if thread_stats.knows_waits():
        return [Finding("run-queue wait", "the kernel tells it (/proc/thread-self/schedstat)")]
    return [
        Finding(
            "run-queue wait",
            "the kernel does not tell it",
            "a call that sleeps cannot be told from a busy machine: such runs are"
            " inconclusive and must be repeated",
        )
    ]


# The servers


def servers() -> list[Finding]:
    """What the units talk to, and which program plays each part."""
    from autograder.world import offers

    return offers.findings()


# The catalog


def catalog() -> list[Finding]:
    """Which libraries of the catalog cannot be tried here."""
    from autograder import catalog as room

    cards = [card for card in room.cards() if card.fits]
    missing = [Finding(card.name, "not here", card.missing()) for card in cards if card.missing()]
    return [Finding("libraries", f"{len(cards) - len(missing)} can be compared"), *missing]


# The jail


def jail() -> list[Finding]:
    """Which walls the kernel allows around a submission; each is tried out on nobody's code."""
    from autograder.grading import room

    layers, _ = room.offered()
    return [Finding("layers", ", ".join(layers) or "none"), namespaces(), landlock()]


def namespaces() -> Finding:
    """Whether a submission can have processes, files and a network of its own."""
    from autograder.grading import room

    layers, refused = room.offered()
    if not room.weakness(layers):
        return Finding("namespaces", "allowed to this user, and enough to grade strangers")
    return Finding(
        "namespaces",
        f"refused ({refused})",
        "a submission can reach the network: `grade` refuses, unless --accept-weaker-jail is given"
        " (`check`, for one's own work, does not mind)",
    )


def landlock() -> Finding:
    """Whether a process can give up access to files for good."""
    name = "Landlock"
    costs = "where namespaces are refused, a submission cannot be kept from files"
    if sys.platform != "linux":
        return Finding(name, f"{platform.system()} has none", costs)
    from autograder.grading import landlock as of_kernel

    if version := of_kernel.version():
        return Finding(name, f"version {version}")
    return Finding(name, "not in this kernel, or not switched on", costs)


# For those who change the course


def workshop() -> list[Finding]:
    """What the tests use beyond the packages."""
    return [browser(), repo2docker(), binder(), sid(), bot_libraries(), dask()]


def browser() -> Finding:
    """The system's Chromium, which the browser test drives."""
    found = chromium()
    if found:
        return Finding("Chromium", str(found))
    return Finding(
        "Chromium",
        "not found",
        "the test that opens JupyterLab in a browser is skipped; on Debian:"
        " `sudo apt install chromium`",
    )


def chromium() -> Path | None:
    """Return the path of the system's Chromium or Chrome."""
    for name in CHROMIUM_NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    return None


def dask() -> Finding:
    """Dask, which spreads a class over many machines; one machine grades without it."""
    name = "Dask"
    if importlib.util.find_spec("distributed") is not None:
        return Finding(name, "installed")
    return Finding(
        name,
        "not installed",
        "`grade --dask` is refused, and its tests are skipped; `pip install -e '.[cluster]'`",
    )


def repo2docker() -> Finding:
    """The program that Binder builds with; it is no requirement, since nothing else needs it."""
    found = shutil.which("jupyter-repo2docker")
    if found:
        return Finding("repo2docker", found)
    return Finding(
        "repo2docker",
        "not found",
        "the Binder files are checked for their form only, not by repo2docker itself;"
        " `pip install jupyter-repo2docker`",
    )


def binder() -> Finding:
    """What it takes to build and launch Binder's image without Docker."""
    # It is made in memory, which takes 1.5 GB, and run there.
    missing = _missing_for_a_chroot(("debian", "ubuntu"), "jupyter-repo2docker", memory=6e9)
    name = "Binder's image"
    if not missing:
        return Finding(name, "can be built and launched here")
    return Finding(
        name,
        f"no {', no '.join(missing)}",
        "a launch on Binder is not proven: its image is neither built nor started; `.ci/run` as"
        " root, on Debian or Ubuntu, installs what that takes",
    )


def sid() -> Finding:
    """What it takes to try the newest Pythons, which are in Debian's sid, in a folder."""
    # In memory too: the system and `.venv` take 1.4 GB.
    missing = _missing_for_a_chroot(("debian",), memory=6e9)
    name = "the newest Pythons"
    if not missing:
        return Finding(name, "can be tried here, in a folder with Debian's sid (`test --soak`)")
    return Finding(
        name,
        f"no {', no '.join(missing)}",
        "the course is not tried with Pythons that this machine does not have; `.ci/run` as root,"
        " on Debian, installs what that takes",
    )


def _missing_for_a_chroot(systems: tuple[str, ...], *more: str, memory: float) -> list[str]:
    """What this machine lacks for a Debian or Ubuntu of its own in a folder in memory."""
    programs = (*more, "mmdebstrap", "unshare", "setpriv")
    missing = [program for program in programs if shutil.which(program) is None]
    if sys.platform != "linux" or os.geteuid() != 0:
        missing.append("root on Linux")
    elif not missing:
        if platform.freedesktop_os_release()["ID"] not in systems:
            known = " or ".join(system.title() for system in systems)
            missing.append(f"{known}, whose packages it is made of")
        if subprocess.run(["unshare", "--mount", "--net", "true"], check=False).returncode:
            missing.append("leave to make namespaces")
        if _free_memory() < memory:
            missing.append(f"{memory / 1e9:.0f} GB of free memory")
    return missing


def _free_memory() -> float:
    """Bytes that Linux could give to programs."""
    told = dict(line.split(":") for line in Path("/proc/meminfo").read_text("utf-8").splitlines())
    return 1024 * float(told["MemAvailable"].split()[0])


def bot_libraries() -> Finding:
    """The libraries beside discord.py that the gateway's tests know how to drive."""
    folder = os.environ.get("UNBLOCKED_CLIENTS", "")
    found = sorted(path.parent.parent.name for path in Path(folder or "/-").glob("*/bin/python"))
    if found:
        return Finding("other bot libraries", ", ".join(found))
    return Finding(
        "other bot libraries",
        "UNBLOCKED_CLIENTS names no folder with them",
        "the gateway is tested with discord.py alone; see tests/clients/README.md",
    )


_ROOMS: dict[str, Callable[[], list[Finding]]] = {
    "Python": python,
    "The clock": kernel_clock,
    "The servers": servers,
    "The catalog": catalog,
    "The jail": jail,
    "For those who change the course": workshop,
}
