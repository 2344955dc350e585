"""What only contributors need: a browser, Binder's builder, other bot libraries."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from autograder.environment import control_group
from autograder.environment.finding import Finding

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def workshop() -> list[Finding]:
    """Look for everything that the tests use besides the packages."""
    return [
        browser(), repo2docker(), binder(), sid(), bot_libraries(), discord_document(), dask(),
        oldest_python(), control_group.finding(),
    ]  # fmt: skip


def browser() -> Finding:
    """Look for the system's Chromium, which the browser test needs."""
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
    """Return the path of the system's Chromium or Chrome, or None."""
    for name in CHROMIUM_NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    return None


def dask() -> Finding:
    """Look for Dask, which grades on many machines; on one machine it is not needed."""
    name = "Dask"
    if importlib.util.find_spec("distributed") is not None:
        return Finding(name, "installed")
    return Finding(
        name,
        "not installed",
        "`grade --dask` is refused, and its tests are skipped; `pip install -e '.[cluster]'`",
    )


def repo2docker() -> Finding:
    """Look for the program that builds Binder's image; nothing else needs it."""
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
    """Look for what is needed to build and launch Binder's image without Docker."""
    # The image is made in memory, which takes 1.5 GB, and also runs there.
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
    """Look for what is needed to test the newest Pythons in a folder with Debian's sid."""
    # This is in memory too: the system and `.venv` take 1.4 GB.
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
    """Return what this machine lacks to run a second Debian or Ubuntu in a folder in memory."""
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
    """Return how many bytes Linux could give to programs."""
    told = dict(line.split(":") for line in Path("/proc/meminfo").read_text("utf-8").splitlines())
    return 1024 * float(told["MemAvailable"].split()[0])


def bot_libraries() -> Finding:
    """Look for the bot libraries other than discord.py that the gateway is tested with."""
    folder = os.environ.get("UNBLOCKED_CLIENTS", "")
    found = sorted(path.parent.parent.name for path in Path(folder or "/-").glob("*/bin/python"))
    if found:
        return Finding("other bot libraries", ", ".join(found))
    return Finding(
        "other bot libraries",
        "UNBLOCKED_CLIENTS names no folder with them",
        "the gateway is tested with discord.py alone; see tests/clients/README.md",
    )


def discord_document() -> Finding:
    """Look for the document of Discord's HTTP API that the gateway's answers are compared with."""
    name, path = "Discord's API document", os.environ.get("UNBLOCKED_OPENAPI", "")
    if path and Path(path).is_file():
        return Finding(name, path)
    return Finding(
        name,
        "UNBLOCKED_OPENAPI is not its path",
        "the gateway's answers are not compared with it; Discord publishes it as openapi.json",
    )


def oldest_python() -> Finding:
    """Look for Python 3.10, on which the monitor is tested because bots may run on it."""
    name = "Python 3.10"
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
    found = [shutil.which("python3.10"), *map(str, versions.glob("3.10.*/bin/python3.10"))]
    program = next((path for path in found if path and _runs(path)), None)
    if program is not None:
        return Finding(name, program)
    return Finding(
        name,
        "not found",
        "the monitor is not tried on the oldest Python that it supports; on Debian or with pyenv:"
        " install python3.10",
    )


def _runs(program: str) -> bool:
    # pyenv always has a `python3.10`, which fails when no such version is selected.
    return not subprocess.run([program, "-c", ""], capture_output=True, check=False).returncode
