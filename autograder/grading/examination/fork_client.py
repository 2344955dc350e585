"""Starts the fork server, and sends it requests: fork a process, kill one, import for the next.

The messages are described in fork_server.py. The slot asks for examiners, an examiner for its
candidates.
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

from autograder.environment import user_name
from autograder.outcomes import UserMistake
from autograder.paths import ROOT

EXAMINER, CANDIDATE, KILL, WARM = b"E", b"C", b"K", b"W"
PREFIX = "unblocked-grading-"
REQUEST = struct.Struct("!ci")
ANSWER = struct.Struct("!i")
# The only variables that candidates inherit: an environment may hold tokens and passwords.
_HARMLESS = re.compile(
    "(PATH|HOME|USER|LOGNAME|LANG|LANGUAGE|TZ|TMPDIR|TEMP|TMP|SHELL|TERM|SYSTEMROOT|VIRTUAL_ENV"
    "|CONDA_PREFIX|LD_LIBRARY_PATH|XDG_CACHE_HOME|(LC|PYTHON|UNBLOCKED|MPL|SSL_CERT|DYLD)_?.*)$"
)
# s for one answer: a fork takes 6 ms, imports 1.6 s (10 under load). Where memory was short, 20 s
# were too few for one, and the whole notebook got no grade.
_PATIENCE = 60.0


class ForkServerGone(RuntimeError):
    """The fork server does not answer: our fault, never the learner's."""


class Client:
    """One channel to the fork server: its calls block, and it sends one request at a time."""

    def __init__(
        self,
        channel: socket.socket,
        server: subprocess.Popen[bytes] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.server = server  # set only in the process that started it
        self.folder = folder  # the fork server removes it when it ends
        self.pictures = 0  # the examinations in which an examiner had to draw
        self._warm = 0  # what `warm` has asked for
        self._channel = channel
        self._turn = threading.Lock()
        channel.settimeout(_PATIENCE)

    def fork(self, kind: bytes, *inherited: int) -> int:
        """Fork a process of that kind, with copies of these descriptors; return its id.

        Raises ForkServerGone.
        """
        return self._ask(REQUEST.pack(kind, 0), list(inherited))

    def warm(self, wanted: int) -> None:
        """Import these groups of warming.py before the next fork.

        Raises ForkServerGone.
        """
        if wanted & ~self._warm:
            self._ask(REQUEST.pack(WARM, wanted & ~self._warm), [])
            self._warm |= wanted

    def kill(self, process: int) -> None:
        """Kill a process and everything it started; return when all of it is gone.

        Raises ForkServerGone.
        """
        self._ask(REQUEST.pack(KILL, process), [])

    def close(self) -> None:
        """Close the channel: the processes it asked for end.

        When the slot's channel closes, the fork server ends too.
        """
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
    """Start a fork server, with a new folder for the files of its processes.

    Raises UserMistake on a system without `fork`.
    """
    if not hasattr(os, "fork"):
        raise UserMistake(
            "grading needs to fork processes, and this system cannot: use Linux, macOS or WSL"
        )
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    ours, theirs = socket.socketpair()
    environment = {
        **{name: text for name, text in os.environ.items() if _HARMLESS.match(name)},
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])),
        "IPYTHONDIR": str(folder / "ipython"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "NBGRADER_EXECUTION": "autograde",  # as in a kernel that nbgrader starts to grade
        # at import numpy's OpenBLAS starts one thread per core, and a fork has none of them
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    user_name.ensure(environment)
    with theirs:
        server = subprocess.Popen(
            # -P: do not import from the current folder, where a learner may have a `random.py`
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
            start_new_session=True,  # Ctrl-C must not reach it: its parent ends it in order
        )
    return Client(ours, server, folder)


def children_of(process: int) -> list[int]:
    """Return the direct children of a process; empty where there is no /proc (macOS).

    The kernel lists them by the thread that started them.
    """
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{process}/task"):
            with contextlib.suppress(OSError):  # the thread has ended
                text = Path(f"/proc/{process}/task/{thread}/children").read_text()
                found += map(int, text.split())
    return found
