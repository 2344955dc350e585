"""JupyterLab for the course: started on 127.0.0.1 with a token of its own, ended by one Ctrl-C.

The server runs in this process: no child can be left behind, whatever ends us. Its root is the
repository, because nbgrader's Formgrader works only when the course lies inside the root; what
nobody should edit in place (generated notebooks, the code) is left out of the file list, and the
list opens in work/, where the reader's own copies are.
"""

from __future__ import annotations

import errno
import os
import secrets
import signal
import socket
import sys
import threading
import time
import urllib.request
import webbrowser
from pathlib import Path
from typing import Any

from autograder.course.learner import copies
from autograder.course.unit import Unit
from autograder.outcomes import UserMistake
from autograder.paths import PACKAGE

HOST = "127.0.0.1"
USUAL_PORT = 8888
FIRST_UNIT = "00_start_here"
SETTINGS = PACKAGE / "course" / "jupyterlab"  # defaults, which the reader's own settings beat
NOT_LISTED = ["notebooks", "release", "source", "autograder", "tests", "__pycache__", "*.egg-info"]


def lab(root: Path, *, port: int | None, open_browser: bool) -> int:
    """Copy units to work/, serve JupyterLab until Ctrl-C, and print when it answers.

    Raises UserMistake when `port` is taken.
    """
    began = time.monotonic()
    if port is not None:
        _ensure_free(port)
    for sentence in copies.copy_units(root):
        print(sentence)
    (root / "work").mkdir(exist_ok=True)
    server = _server(root, port)
    _stop_on_signals(server)
    threading.Thread(
        target=_announce, args=(_address(root, server), began, open_browser), daemon=True
    ).start()
    server.start()
    return 0


def _server(root: Path, port: int | None) -> Any:
    """JupyterLab's server, listening but not yet running."""
    os.chdir(root)  # nbgrader reads nbgrader_config.py from the current directory
    from jupyterlab.labapp import LabApp

    settings = {
        "ServerApp.ip": HOST,
        "ServerApp.port": port or USUAL_PORT,
        "ServerApp.port_retries": 0 if port else 50,
        "ServerApp.root_dir": str(root),
        "FileContentsManager.preferred_dir": "work",
        "ServerApp.open_browser": False,  # we open it, once the page answers
        "ServerApp.answer_yes": True,  # one Ctrl-C is enough
        "ServerApp.allow_root": True,
        "IdentityProvider.token": secrets.token_urlsafe(24),
        # Nothing leaves this machine: no list of extensions, no look for updates, no news, and no
        # question about news.
        "LabApp.extension_manager": "readonly",
        "LabApp.app_settings_dir": str(SETTINGS),
        "LabApp.news_url": None,
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "KernelManager.transport_encryption": "auto",  # else each kernel warns on our terminal
        "LanguageServerManager.autodetect": False,  # it would call npm at each start
        "Application.log_level": "ERROR",
    }
    arguments = [f"--{name}={value}" for name, value in settings.items()]
    arguments += [f"--ContentsManager.hide_globs={name}" for name in NOT_LISTED]
    return LabApp.initialize_server(arguments)


def _address(root: Path, server: Any) -> str:
    start = Unit(root, FIRST_UNIT).work_lesson
    page = start.relative_to(root).as_posix() if start.exists() else "work"
    token = server.identity_provider.token
    return f"http://{HOST}:{server.port}/lab/tree/{page}?token={token}"


def _announce(url: str, began: float, open_browser: bool) -> None:
    """Print the address when the page behind it answers; runs on a thread of its own."""
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            with directly.open(url, timeout=10) as answer:
                answer.read()
            break
        except OSError:  # not listening yet
            time.sleep(0.05)
    print(f"ready in {time.monotonic() - began:.1f} s: {url}", flush=True)
    if sys.stdout.isatty():
        print("Ctrl-C ends it, and the notebooks' kernels with it.", flush=True)
    if open_browser:
        webbrowser.open(url)


def _stop_on_signals(server: Any) -> None:
    """End server and kernels in order on the first signal; a second one changes nothing.

    Without this, Ctrl-C would ask "y/n" on a terminal, and elsewhere leave the kernels to notice by
    themselves that their server is gone.
    """
    stopping = threading.Event()

    def stop(number: int, frame: object) -> None:
        if not stopping.is_set():
            stopping.set()
            print("\nStopping JupyterLab and its kernels.", flush=True)
            server.stop(from_signal=True)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)


def _ensure_free(port: int) -> None:
    with socket.socket() as probe:
        if os.name != "nt":  # there the option would let us share a port that is in use
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            why = "is taken by another program" if taken else f"cannot be used ({error.strerror})"
            raise UserMistake(
                f"Port {port} {why}: give another with --port, or leave it out to get a free one."
            ) from error
