"""Sends what was seen in a bot's process to the process that runs the bot: JSON lines over TCP.

The thread that sees something only adds it to a queue; a thread of ours sends it. So a block is
told while it lasts, and the loop never waits for the socket. A second thread ends this process when
the one that runs it was killed: otherwise a bot would look for its gateway forever.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import threading
from queue import SimpleQueue
from typing import Any

Message = dict[str, Any]
ABANDONED = 70  # the exit code of a process without the one that runs it
LAST = 2.0  # s: at its end the process waits this long until everything is sent


class Sender:
    """Sends messages in order, from a thread that begins with the first message."""

    def __init__(self, port: int, secret: str) -> None:
        self._port, self._secret = port, secret
        self._queue: SimpleQueue[Message | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()
        self._starting = threading.Lock()
        self._finished = False
        atexit.register(self._finish)

    def send(self, message: Message) -> None:
        """Send a message soon; any thread may call this. A fork of the process sends nothing."""
        if os.getpid() != self._pid:
            return
        self._queue.put(message)
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(
                        target=self._keep_sending, name="unblocked sends", daemon=True
                    )
                    self._thread.start()

    def _keep_sending(self) -> None:
        try:
            with socket.create_connection(("127.0.0.1", self._port)) as connection:
                connection.settimeout(None)  # a bot may have set another default
                connection.sendall(self._secret.encode() + b"\n")
                threading.Thread(
                    target=self._end_with, args=(connection,), name="unblocked ends", daemon=True
                ).start()
                while (message := self._queue.get()) is not None:
                    connection.sendall(json.dumps(message).encode() + b"\n")
        except OSError:  # the process that runs the bot has ended
            while self._queue.get() is not None:
                pass

    def _finish(self) -> None:
        """Send the rest, at the end of this process."""
        self._finished = True
        if self._thread is not None and os.getpid() == self._pid:
            self._queue.put(None)
            self._thread.join(LAST)

    def _end_with(self, connection: socket.socket) -> None:
        """End this process when the other end of the connection is closed."""
        try:
            while connection.recv(1):
                pass
        except OSError:
            pass
        if not self._finished:
            os._exit(ABANDONED)
