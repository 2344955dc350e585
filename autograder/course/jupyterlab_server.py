"""JupyterLab for the course: started on 127.0.0.1 with its own token, ended by one Ctrl-C.

The server runs in this process, so that no server is left if this process is killed. Its root is
the repository, because nbgrader's Formgrader needs the course inside the root. The file list opens
in work/, where the reader's own copies are. It does not show what readers should not edit: the
generated notebooks and the code. Where readers share a course, the root is each one's own folder.
"""

from __future__ import annotations

import errno
import os
import re
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
from autograder.paths import PACKAGE, work_folder

HOST = "127.0.0.1"
USUAL_PORT = 8888
FIRST_UNIT = "00_start_here"
SETTINGS = PACKAGE / "course" / "jupyterlab"  # defaults; what the reader sets comes first
NOT_LISTED = ["notebooks", "release", "source", "autograder", "tests", "__pycache__", "*.egg-info"]


def lab(root: Path, *, port: int | None, open_browser: bool) -> int:
    """Copy units to work/, serve JupyterLab until Ctrl-C, and print its address when it answers.

    Raises UserMistake when `port` is taken.
    """
    began = time.monotonic()
    if port is not None:
        _ensure_free(port)
    for sentence in copies.copy_units(root):
        print(sentence)
    work_folder(root).mkdir(parents=True, exist_ok=True)
    server = _server(root, port)
    _stop_on_signals(server)
    threading.Thread(
        target=_announce, args=(_address(root, server), began, open_browser), daemon=True
    ).start()
    server.start()
    return 0


def _server(root: Path, port: int | None) -> Any:
    """Return JupyterLab's server, which listens but does not run yet."""
    os.chdir(root)  # nbgrader reads nbgrader_config.py from the current directory
    from jupyterlab import commands

    # Where Node is installed, the next import asks yarn for the registry of extensions: 0.4 s of
    # CPU, and for nothing, because `extension_manager` below installs none.
    commands._yarn_config = lambda logger: {"yarn config": {}}
    from jupyterlab.labapp import LabApp

    work, served = work_folder(root), _served(root)
    own = work / ".unblocked" / "jupyterlab"
    settings = {
        "ServerApp.ip": HOST,
        "ServerApp.port": port or USUAL_PORT,
        "ServerApp.port_retries": 0 if port else 50,
        "ServerApp.root_dir": str(served),
        "FileContentsManager.preferred_dir": "" if work == served else _within(served, work),
        "ServerApp.open_browser": False,  # `_announce` opens it when the page answers
        "ServerApp.answer_yes": True,  # one Ctrl-C is enough
        "ServerApp.allow_root": True,
        "IdentityProvider.token": secrets.token_urlsafe(24),
        # Nothing leaves this machine: no list of extensions, no check for updates, no news.
        "LabApp.extension_manager": "readonly",
        "LabApp.app_settings_dir": str(SETTINGS),
        # Open tabs and the reader's settings are this course's own, apart from other JupyterLabs'.
        "LabApp.workspaces_dir": str(own / "workspaces"),
        "LabApp.user_settings_dir": str(own / "settings"),
        "LabApp.news_url": None,
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "KernelManager.transport_encryption": "auto",  # without it each kernel prints a warning
        "LanguageServerManager.autodetect": False,  # it calls npm at each start
        "Application.log_level": "ERROR",
    }
    if pages := _pages_of_codespace():
        settings["ServerApp.allow_origin_pat"] = pages
    arguments = [f"--{name}={value}" for name, value in settings.items()]
    arguments += [f"--ContentsManager.hide_globs={name}" for name in NOT_LISTED]
    return LabApp.initialize_server(arguments)


def _pages_of_codespace() -> str:
    """Return a pattern for the pages that GitHub Codespaces makes of our ports; "" elsewhere.

    Such a page comes from another host than the server, so JupyterLab would refuse to run its
    cells. GitHub's documentation names the two variables; it was never tried in a codespace.
    """
    name = os.environ.get("CODESPACE_NAME", "")
    domain = os.environ.get("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN", "")
    if not name or not domain:
        return ""
    return rf"https://{re.escape(name)}-\d+\.{re.escape(domain)}$"


def _address(root: Path, server: Any) -> str:
    start = Unit(root, FIRST_UNIT).work_lesson
    page = _within(_served(root), start if start.exists() else work_folder(root))
    token = server.identity_provider.token
    return f"http://{HOST}:{server.port}/lab/tree/{page}?token={token}"


def _served(root: Path) -> Path:
    """Return the folder that JupyterLab serves: the course's, unless the copies are elsewhere."""
    work = work_folder(root)
    return root if work.is_relative_to(root) else work


def _within(served: Path, path: Path) -> str:
    return path.relative_to(served).as_posix()


def _announce(url: str, began: float, open_browser: bool) -> None:
    """Print the address when the page answers, then open the browser; runs in its own thread."""
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
    """End the server and its kernels in good order at the first signal, and ignore later ones.

    Without this, Ctrl-C asks "y/n" on a terminal; without a terminal, the kernels run on until they
    notice that their server has ended.
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
        if os.name != "nt":  # on Windows this option allows two programs to share a port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            why = "is taken by another program" if taken else f"cannot be used ({error.strerror})"
            raise UserMistake(
                f"Port {port} {why}: give another with --port, or leave it out to get a free one."
            ) from error
