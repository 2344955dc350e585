"""The installers that can fill an environment, uv and pip: their commands and variables."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from autograder.outcomes import UserMistake
from autograder.paths import can_be_written

Commands = list[list[str]]

# `pip` itself, not only `pip3`: `!pip` in a notebook would run the pip of another Python.
_MAKE_PIP = """
import importlib.util, runpy, sys
if importlib.util.find_spec("pip") is None:
    sys.argv[1:] = ["--default-pip"]
    runpy.run_module("ensurepip", run_name="__main__")
"""
# With all CPUs. pip itself would take one: 23 s of CPU for 150 MB, nearly half of the installation.
# Not left for later: in the jail nothing can be kept, so each examination would compile again what
# an answer imports, and on a shared course each process of each learner would.
_COMPILE = """
import compileall, sysconfig
print("Compiling", flush=True)
compileall.compile_dir(sysconfig.get_path("purelib"), quiet=2, workers=0)
"""


def ways(python: str, more: Sequence[str] = ()) -> list[Commands]:
    """Return the ways to install into the environment of `python`, the best first.

    Each installs requirements.txt of the folder in which it is run, and the requirements `more`.
    uv is many times as fast as pip. Where uv fails, pip may still succeed, because pip may know
    certificates or an index that uv does not know. Raises UserMistake when there is neither.
    """
    found = []
    what = ["-r", "requirements.txt", *more]
    uv = shutil.which("uv")
    if uv:
        cache = [] if _uv_can_cache(uv) else ["--no-cache"]
        options = ["--python", python, "--compile-bytecode", *cache]
        found.append([[uv, "pip", "install", *options, *what, "pip"]])
    if importlib.util.find_spec("ensurepip"):
        options = ["--progress-bar", "off", "--no-compile"]
        pip = [python, "-m", "pip", "install", *options, *what]
        # `python -m ensurepip` takes 2.5 s even where pip is installed already
        found.append([[python, "-c", _MAKE_PIP], pip, [python, "-c", _COMPILE]])
    elif importlib.util.find_spec("pip"):
        # Debian's python3-pip without python3-venv: this pip can install for another interpreter.
        found.append([[sys.executable, "-m", "pip", "--python", python, "install", *what]])
    if not found:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise UserMistake(
            f"This Python ({sys.executable}) has neither ensurepip nor pip, so nothing can be"
            f" installed. On Debian and Ubuntu run `sudo apt install python{version}-venv`, then"
            " start again."
        )
    return found


def environment() -> dict[str, str]:
    """Return the environment variables of pip and uv."""
    ours = {**os.environ, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    # mysql-mimic has no wheel for the newest Python. This leaves out its compiled parts, so that
    # pip can build a wheel without a compiler. Only the stand-in for MariaDB uses this package.
    ours["NO_MYPYC"] = "1"
    ours.pop("PYTHONPATH", None)  # pip takes what it finds there for installed
    return ours


def _uv_can_cache(uv: str) -> bool:
    """Whether uv can write to its cache; otherwise uv would stop with an error."""
    answer = subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        return False
    cache = Path(answer.stdout.strip())
    return can_be_written(cache)
