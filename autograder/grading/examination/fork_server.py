"""The fork server: it imports what a notebook needs, so that its forks do not have to.

Importing IPython, matplotlib and the network libraries takes 1.6 s of CPU; a fork of a process
that has imported them takes 6 ms. warming.py says what is imported when. Forking is safe only from
a process that has a single thread and has never run a learner's code. So this process does nothing
else. It never holds a test and never reads what a learner wrote. While it serves, it never waits
for a child: one child that hangs would block all examinations after it.

A request is five bytes, a kind and a process id, with the descriptors for a new process. The answer
is a process id. In a request to import, the number has a bit for each group of libraries. The slot
asks for examiners. Each examiner has a channel of its own, over which it asks for candidates. When
a channel closes, the processes that were asked for over it are ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import select
import selectors
import shutil
import signal
import socket
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from autograder.grading.examination import warming
from autograder.grading.examination.fork_client import (
    ANSWER,
    EXAMINER,
    KILL,
    PREFIX,
    REQUEST,
    WARM,
    Client,
    children_of,
)
from autograder.grading.jail import confine, linux
from autograder.world.databases import keeper

_KEEPERS = 5.0  # s that keepers have to stop databases and remove their files; they need 0.1
_MOST = 4  # descriptors of one request
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


@dataclass
class _Child:
    """A process that the fork server has forked."""

    owner: socket.socket  # the channel that asked for it
    channel: socket.socket | None = None  # over which an examiner sends requests
    waiting: list[socket.socket] = field(default_factory=list)  # channels that asked to kill it


class _Server:
    def __init__(self, slot: socket.socket) -> None:
        self._slot = slot
        self._children: dict[int, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(slot, selectors.EVENT_READ)
        self._bell, bell = socket.socketpair()
        bell.setblocking(False)
        self._bell.setblocking(False)
        self._selector.register(self._bell, selectors.EVENT_READ)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(bell.fileno(), warn_on_full_buffer=False)
        self._bell_end = bell

    def serve(self) -> None:
        """Answer requests until the slot's channel closes."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._bell:
                    with contextlib.suppress(BlockingIOError):
                        self._bell.recv(4096)
                    self._reap()
                else:
                    assert isinstance(key.fileobj, socket.socket)
                    if key.fileobj.fileno() >= 0 and not self._answer(key.fileobj):
                        return

    def _answer(self, channel: socket.socket) -> bool:
        """Serve one request; return False when the slot is gone."""
        try:
            request, descriptors, _, _ = socket.recv_fds(channel, REQUEST.size, _MOST)
        except ConnectionError:
            request, descriptors = b"", []
        if len(request) < REQUEST.size:
            return self._hang_up(channel)
        kind, process = REQUEST.unpack(request)
        if kind == KILL:
            child = self._children.get(process)
            if child is None:
                self._reply(channel, process)
            else:
                child.waiting.append(channel)
                self._end(process)
                self._end_owned_by(child.channel)  # now: each takes 5 ms to die
            return True
        if kind == WARM:
            warming.load(process)
            self._reply(channel, 0)
            return True
        try:
            self._reply(channel, self._fork(kind, descriptors, channel))
        except OSError as error:
            print(f"unblocked: the fork server could not fork: {error}", file=sys.stderr)
            self._reply(channel, -1)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return True

    def _fork(self, kind: bytes, inherited: list[int], owner: socket.socket) -> int:
        ours, theirs = socket.socketpair() if kind == EXAMINER else (None, None)
        process = os.fork() if kind == EXAMINER else confine.fork()
        if process == 0:
            _become(kind, [*inherited, *([theirs.fileno()] if theirs else [])])
        self._children[process] = _Child(owner, ours)
        if ours is not None and theirs is not None:
            theirs.close()
            self._selector.register(ours, selectors.EVENT_READ)
        return process

    def _hang_up(self, channel: socket.socket) -> bool:
        for process, child in self._children.items():
            if child.owner is channel or channel is self._slot:
                self._end(process)
        if channel is self._slot:
            while self._children:
                self._reap()
                select.select([], [], [], 0.002)
            return False
        self._selector.unregister(channel)
        channel.close()
        return True

    def _end(self, process: int) -> None:
        """Kill a process and its group; `_sweep` kills what had left the group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)

    def _reap(self) -> None:
        while True:
            try:
                process, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if process == 0:
                return
            child = self._children.pop(process, None)
            if child is None:
                continue
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process, signal.SIGKILL)
            self._sweep()
            heir = self._end_owned_by(child.channel)
            if heir is not None:
                heir.waiting += child.waiting  # they are answered when the last is gone
                continue
            for channel in child.waiting:
                self._reply(channel, process)

    def _end_owned_by(self, channel: socket.socket | None) -> _Child | None:
        """End the candidates that an examiner asked for; return one of them, if any."""
        heir = None
        for process, child in self._children.items():
            if channel is not None and child.owner is channel:
                self._end(process)
                heir = child
        return heir

    def _sweep(self) -> None:
        """Kill the daemons that ended processes left behind.

        The fork server is their subreaper, so they have become its children. When a daemon is
        killed, its own children become the fork server's children in turn; therefore this takes
        several rounds. Only the jail's process namespace stops a program that forks faster than it
        is killed. While keepers of databases are alive, nothing is killed for up to `_KEEPERS`: a
        keeper stops its database in order and removes its files.
        """
        until, rounds = time.monotonic() + _KEEPERS, 20
        while rounds and (strays := self._strays()):
            if time.monotonic() > until or not any(map(keeper.is_keeper, strays)):
                rounds -= 1
                for stray in strays:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(stray, signal.SIGKILL)
            for stray in strays:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(stray, os.WNOHANG)
            select.select([], [], [], 0.002)

    def _strays(self) -> list[int]:
        return [process for process in children_of(os.getpid()) if process not in self._children]

    def _reply(self, channel: socket.socket, process: int) -> None:
        with contextlib.suppress(OSError):
            channel.send(ANSWER.pack(process))


def _become(kind: bytes, inherited: list[int]) -> NoReturn:
    """Turn this fork into an examiner or a candidate; this never returns."""
    code = 70
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        if linux.here:
            linux.die_with_parent()
        kept = [os.dup(descriptor) for descriptor in inherited]
        last = 3
        for descriptor in sorted(kept):
            os.closerange(last, descriptor)
            last = descriptor + 1
        os.closerange(last, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") > 0 else 65536)
        random.seed()
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed()
        if kind == EXAMINER:
            from autograder.grading.examination import examiner

            job, channel = (socket.socket(fileno=descriptor) for descriptor in kept)
            code = examiner.main(job, Client(channel))
        else:
            from autograder.grading.examination import candidate

            control, pulse = (socket.socket(fileno=descriptor) for descriptor in kept[:2])
            code = candidate.main(control, pulse, *kept[2:])
    except BaseException:
        import traceback

        with contextlib.suppress(BaseException):
            traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)


def _main() -> None:
    from autograder.grading.examination import candidate, examiner  # noqa: F401 loaded for the forks

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    slot = socket.socket(fileno=int(sys.argv[1]))
    if _libc is not None:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    confine.prepare()
    warming.load_always()
    _Server(slot).serve()
    _remove(Path(sys.argv[2]))


def _remove(folder: Path) -> None:
    """Remove the folder that `fork_client.start` made.

    The fork server does this, because the slot may be killed at any time. It removes nothing else:
    the name must begin with our prefix, and the folder must lie in the folder for temporary files.
    """
    if folder.name.startswith(PREFIX) and folder.parent == Path(tempfile.gettempdir()):
        shutil.rmtree(folder, ignore_errors=True)


_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

if __name__ == "__main__":
    _main()
