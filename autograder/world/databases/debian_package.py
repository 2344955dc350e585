"""Programs from Debian and Ubuntu packages: fetched with apt, unpacked to a cache, without root."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from autograder.outcomes import UserMistake
from autograder.world.databases import program_cache

FETCH = 60.0  # seconds for one command; 7 MB took 1 to 2 s
_IMPATIENT = ("-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=5")


def unpacked(package: str) -> Path | None:
    """Return the directory of a package that is already unpacked; None when it is not."""
    return program_cache.cached(_entry(package))


def possible() -> bool:
    """Return True where apt and dpkg are installed."""
    return all(map(shutil.which, ("apt-get", "dpkg")))


def unpack(package: str) -> Path:
    """Return the directory with the package and what it needs; the first call fetches them.

    Blocks. Raises UserMistake when there is no apt, no network, or no such package.
    """
    if not possible():
        raise UserMistake(f"{package} cannot be fetched: this is not Debian or Ubuntu")
    return program_cache.filled(_entry(package), lambda into: _fetch(package, into))


def environment(root: Path) -> dict[str, str]:
    """Return the environment variables by which an unpacked program finds its libraries."""
    libraries = [*root.glob("usr/lib/*-linux-*"), *root.glob("lib/*-linux-*"), root / "usr/lib"]
    return {"LD_LIBRARY_PATH": os.pathsep.join(map(str, libraries))}


def _entry(package: str) -> str:
    return f"debian-{package}"


def _fetch(package: str, into: Path) -> None:
    wanted = ["apt-get", "install", "--simulate", "--no-install-recommends", "--yes", package]
    # Lines such as "Inst libaio1 (0.3.113-4 Debian:12.15/oldstable [amd64])" name missing packages.
    names = re.findall(r"^Inst (\S+)", _apt(wanted, into), re.MULTILINE)
    _apt(["apt-get", *_IMPATIENT, "download", *(names or [package])], into)
    for archive in into.glob("*.deb"):
        _apt(["dpkg", "--extract", str(archive), str(into)], into)
        archive.unlink()


def _apt(command: list[str], where: Path) -> str:
    try:
        done = subprocess.run(
            command, cwd=where, capture_output=True, text=True, timeout=FETCH, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        last = (said.strip() or "no reason given").splitlines()[-1]
        raise UserMistake(f"`{' '.join(command[:2])}` failed ({last})") from None
    return done.stdout
