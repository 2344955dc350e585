"""What a process that a test starts imports from, and whether one has ended.

While a process ends, any question may find it gone.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
EVERY_PROCESS = str(ROOT / "tests" / "support" / "every_process")  # see conftest.py
IMPORTS = os.pathsep.join([str(ROOT), EVERY_PROCESS])  # PYTHONPATH to import this checkout


def gone(process: psutil.Process) -> bool:
    """True when the process has ended, or only waits for an init that does not reap."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it ended between the two questions
        return True


def ends(process: psutil.Process, within: float) -> bool:
    """True when the process is gone within that many seconds."""
    deadline = time.monotonic() + within
    while not (ended := gone(process)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return ended


def outliving(processes: list[psutil.Process], within: float) -> list[str]:
    """Return which of the processes are still there after that many seconds."""
    end = time.monotonic() + within
    return [str(one) for one in processes if not ends(one, within=end - time.monotonic())]
