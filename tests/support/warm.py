"""Programs that import what they need once, and then fork a process for each run of a test.

The import of a Discord library takes 0.7 s of CPU, that of a kernel with matplotlib 1.5 s; a fork
takes 0.01 s. Such a program calls `arguments` after its imports:

    import hikari
    from warm import arguments

    rest_url, token = arguments()

With arguments on its command line, `arguments` returns those, and it is a program as any other.
Without, it serves on a socket: each connection is a run, in a process of its own, whose output goes
into the connection and which ends with it. The standard library is enough: the programs of
tests/clients run in environments of their own.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

FORKS = hasattr(os, "fork") and hasattr(socket, "AF_UNIX")
END = b"\nended with "  # after the output: the exit code


# -- in the program --------------------------------------------------------------------------------


def arguments() -> list[str]:
    """Return the arguments of this run. Without any on the command line, it returns in forks."""
    if sys.argv[1:]:
        return sys.argv[1:]
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.environ["WARM_SOCKET"])
        server.listen(16)
        print("ready", flush=True)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for guards
        while server in select.select([server, 0], [], [])[0]:
            connection = server.accept()[0]
            if os.fork() == 0:
                break
            connection.close()
        else:
            sys.exit()  # the test's process has closed our standard input, or has ended
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    given: list[str] = json.loads(connection.makefile().readline())
    _guarded(connection)
    return given


def _guarded(connection: socket.socket) -> None:
    """Go on in a child; this process tells its end, and ends it when the connection is closed."""
    run = os.fork()
    if run == 0:
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (connection.fileno(), 1), (connection.fileno(), 2)):
            os.dup2(source, target)
        os.close(nothing)
        connection.close()
        return

    def end_with_the_connection() -> None:
        while connection.recv(100):
            pass
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself
            # A kernel leads a group, which has the processes of its pools as well.
            (os.killpg if os.getpgid(run) == run else os.kill)(run, signal.SIGKILL)

    threading.Thread(target=end_with_the_connection, daemon=True).start()
    code = os.waitstatus_to_exitcode(os.waitpid(run, 0)[1])
    with contextlib.suppress(OSError):
        connection.sendall(END + str(code).encode())
    os._exit(0)


# -- in the test -----------------------------------------------------------------------------------


class Run:
    """One run of a program: a fork of it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._output = b""

    def wait(self, seconds: float) -> int:
        """Return the exit code, -9 if it was killed. Raises TimeoutError while it says nothing."""
        self._connection.settimeout(seconds)
        while piece := self._connection.recv(65536):
            self._output += piece
        return int(self._output.rpartition(END)[2])

    def kill(self) -> str:
        """End the process, and return what it wrote."""
        with contextlib.suppress(OSError):  # it has ended
            self._connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            self.wait(60)
        self._connection.close()
        return self._output.rpartition(END)[0].decode(errors="replace")


class Cold(Run):
    """The same where nothing can fork: a process that begins with its imports."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        self._process = subprocess.Popen(command, **streams, env=environment)

    def wait(self, seconds: float) -> int:
        return self._process.wait(seconds)

    def kill(self) -> str:
        self._process.kill()
        return self._process.communicate()[0].decode(errors="replace")


class Warm:
    """A program that waits, with its imports made, for runs; when it ends, those go on."""

    def __init__(self, python: str, program: Path, **environment: str) -> None:
        self._command = [python, str(program)]
        self._environment = {**os.environ, **environment}
        if not FORKS:
            return
        self._folder = tempfile.TemporaryDirectory(prefix="warm-")  # the path must be short
        self._socket = str(Path(self._folder.name, "s"))
        streams: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._environment["WARM_SOCKET"] = self._socket
        self._process = subprocess.Popen(self._command, **streams, env=self._environment)
        self._asking = threading.Lock()

    def ready(self) -> None:
        """Wait until it has made its imports."""
        if FORKS:
            with self._asking:
                assert self._process.stdout is not None
                if not self._process.stdout.closed:
                    assert self._process.stdout.readline() == b"ready\n", self._command
                    self._process.stdout.close()

    def run(self, *given: str) -> Run:
        if not FORKS:
            return Cold([*self._command, *given], self._environment)
        self.ready()
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self._socket)
        connection.sendall(json.dumps(given).encode() + b"\n")
        return Run(connection)

    def close(self) -> None:
        if FORKS:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.close()
            self._process.wait()
            self._process.stdout.close()
            self._folder.cleanup()
