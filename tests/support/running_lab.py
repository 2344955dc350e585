"""`lab` running in a copy of the repository, for the tests that need one."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
READY = re.compile(r"ready in [\d.]+ s: (http://127\.0\.0\.1:\d+/lab/tree/\S+)\n")


def clone_into(root: Path) -> Path:
    """Copy the repository as git would, as far as `lab` and Binder read it."""
    for name in ("autograder", "source", "notebooks", "release", ".binder"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.txt", "pyproject.toml", "nbgrader_config.py"):
        shutil.copy(ROOT / name, root)
    return root


@dataclass
class Lab:
    """A running `lab`, once it said that it is ready."""

    process: subprocess.Popen[str]
    url: str

    def ask(self, path: str, *, token: bool = True, method: str = "GET") -> bytes:
        address = urllib.parse.urlsplit(self.url)
        query = f"?{address.query}" if token else ""
        request = urllib.request.Request(
            f"{address.scheme}://{address.netloc}{path}{query}", method=method
        )
        with urllib.request.urlopen(request, timeout=120) as answer:  # some answers grade first
            content: bytes = answer.read()
        return content

    def start_kernel(self) -> psutil.Process:
        self.ask("/api/kernels", method="POST")
        [kernel] = psutil.Process(self.process.pid).children()
        return kernel


@contextlib.contextmanager
def lab(root: Path, home: Path, *before: str) -> Iterator[Lab]:
    """Start `lab`, by the command `before` if there is one; when it is ready, the test ends it."""
    environment = {**os.environ, "HOME": str(home)}
    for name in ("PYTHONPATH", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        environment.pop(name, None)
    with subprocess.Popen(
        [*before, sys.executable, "-m", "autograder", "lab", "--no-browser"],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = ""
        try:
            for line in process.stdout:
                said += line
                if ready := READY.fullmatch(line):
                    # Read on, so that the server can never wait for a full pipe.
                    threading.Thread(target=process.stdout.read, daemon=True).start()
                    yield Lab(process, ready[1])
                    break
            else:
                raise AssertionError(f"`lab` ended before it was ready:\n{said}")
        finally:
            process.kill()
