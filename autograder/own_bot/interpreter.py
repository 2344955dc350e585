"""Which Python runs a bot: the one that has its library."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from autograder.outcomes import UserMistake

OLDEST = (3, 10)
_ENVIRONMENTS = (".venv", "venv")


def find(bot: Path, wanted: str | None) -> str:
    """Return the interpreter for a bot: the wanted one, that of an environment beside it, or ours.

    Raises UserMistake when there is none, or when it is too old.
    """
    python = _named(wanted) if wanted is not None else _beside(bot)
    version = _version(python)
    if version < OLDEST:
        raise UserMistake(
            f"{python} is Python {version[0]}.{version[1]}; a bot is watched on Python 3.10 and "
            f"newer: name another one with --python."
        )
    return python


def _named(wanted: str) -> str:
    found = shutil.which(wanted)
    if found is None:
        raise UserMistake(f"--python {wanted}: there is no such program.")
    return os.path.abspath(found)  # links are not resolved: an environment's Python is one


def _beside(bot: Path) -> str:
    """Return the Python of an environment in the bot's folder or in the current one, or ours."""
    inside = Path("Scripts", "python.exe") if os.name == "nt" else Path("bin", "python")
    for folder in (bot.parent, Path.cwd()):
        for name in _ENVIRONMENTS:
            if (folder / name / inside).exists():
                return str(folder / name / inside)
    return sys.executable


def _version(python: str) -> tuple[int, int]:
    if python == sys.executable:
        return sys.version_info[:2]
    ask = "import sys; print(sys.version_info[0], sys.version_info[1])"
    try:
        said = subprocess.run(
            [python, "-I", "-S", "-c", ask], capture_output=True, text=True, timeout=30, check=True
        )
        major, minor = said.stdout.split()
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise UserMistake(f"{python} does not run as a Python: {error}.") from None
