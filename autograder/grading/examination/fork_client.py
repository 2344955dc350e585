"""Asks the fork server for examiners and candidates, and to end them.

Requests are five bytes, a kind and a process id, with the descriptors for a new process; the answer
is a process id. The worker asks for examiners. Each examiner gets a channel of its own, and asks
for candidates. A channel that ends takes its processes with it.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from autograder.outcomes import UserMistake
from autograder.paths import ROOT

EXAMINER, CANDIDATE, KILL = b"E", b"C", b"K"
PREFIX = "unblocked-grading-"
REQUEST = struct.Struct("!ci")
ANSWER = struct.Struct("!i")
# What a candidate may read of the worker's environment, where tokens and passwords are kept.
_HARMLESS = re.compile(
    "(PATH|HOME|USER|LOGNAME|LANG|LANGUAGE|TZ|TMPDIR|TEMP|TMP|SHELL|TERM|SYSTEMROOT|VIRTUAL_ENV"
    "|CONDA_PREFIX|LD_LIBRARY_PATH|XDG_CACHE_HOME|(LC|PYTHON|UNBLOCKED|MPL|SSL_CERT|DYLD)_?.*)$"
)
_PATIENCE = 20.0  # s for one answer; a fork takes 6 ms, the first imports about 1 s, 10 under load


class ForkServerGone(RuntimeError):
    """The fork server does not answer: an error of ours, never a learner's."""


class Client:
    """One channel to the fork server; blocking, one request at a time."""

    def __init__(
        self,
        channel: socket.socket,
        server: subprocess.Popen[bytes] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.server = server  # for whoever started it
        self.folder = folder  # what is kept in it ends with the fork server
        self._channel = channel
        self._turn = threading.Lock()
        channel.settimeout(_PATIENCE)

    def fork(self, kind: bytes, *inherited: int) -> int:
        """Return the id of a new process of that kind, which owns copies of these descriptors."""
        return self._ask(REQUEST.pack(kind, 0), list(inherited))

    def kill(self, process: int) -> None:
        """End a process with everything it started, and return when all of it is gone."""
        self._ask(REQUEST.pack(KILL, process), [])

    def close(self) -> None:
        """Close the channel: its processes end, and with the worker's the fork server itself."""
        self._channel.close()
        if self.server is not None:
            try:
                self.server.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait()

    def _ask(self, request: bytes, descriptors: list[int]) -> int:
        with self._turn:
            try:
                socket.send_fds(self._channel, [request], descriptors)
                answer = self._channel.recv(ANSWER.size, socket.MSG_WAITALL)
            except OSError as error:
                raise ForkServerGone(
                    f"the fork server of the examination is gone: {error}"
                ) from error
        if len(answer) != ANSWER.size:
            raise ForkServerGone("the fork server of the examination ended")
        (process,) = ANSWER.unpack(answer)
        if process < 0:
            raise ForkServerGone("the fork server could not make a process; see the lines above")
        return int(process)


def start() -> Client:
    """Start a fork server, with a new folder for what its processes keep."""
    if not hasattr(os, "fork"):
        raise UserMistake(
            "grading forks processes, which this system cannot: grade on Linux, on macOS, or in WSL"
        )
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    ours, theirs = socket.socketpair()
    environment = {
        **{name: text for name, text in os.environ.items() if _HARMLESS.match(name)},
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])),
        "IPYTHONDIR": str(folder / "ipython"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "NBGRADER_EXECUTION": "autograde",  # what a stock kernel sees while nbgrader grades
        # numpy's OpenBLAS starts a thread per core at import, and a fork copies only one of them
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    with theirs:
        server = subprocess.Popen(
            # -P: the current folder may be a learner's, with a `random.py` in it
            [
                sys.executable,
                "-P",
                "-m",
                "autograder.grading.examination.fork_server",
                str(theirs.fileno()),
                folder,
            ],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # Ctrl-C reaches the worker, which ends the others in order
        )
    return Client(ours, server, folder)


def children_of(process: int) -> list[int]:
    """The direct children of a process; empty where /proc does not tell (macOS)."""
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{process}/task/{process}/children").read_text()
        return [int(word) for word in text.split()]
    return []
