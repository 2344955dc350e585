"""Receives what the processes of a bot send (`inside/sending.py`): JSON lines over loopback."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from typing import Any

Message = dict[str, Any]
LONGEST = 1 << 20  # bytes of one message


class Channel:
    """Calls `receive` with each message, in the order in which a process sent them."""

    def __init__(self, receive: Callable[[Message], None]) -> None:
        self._receive = receive
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[Any]] = set()
        self.secret = secrets.token_urlsafe(16)
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._listen, "127.0.0.1", 0, limit=LONGEST)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self, patience: float) -> None:
        """Wait at most `patience` seconds until the processes that ended were heard out."""
        if self._open:
            await asyncio.wait(self._open, timeout=patience)
        for task in self._open:
            task.cancel()
        if self._server is not None:
            self._server.close()

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            if (await reader.readline()).strip() != self.secret.encode():
                return
            while line := await reader.readline():
                self._receive(json.loads(line))
        except (OSError, ValueError, asyncio.CancelledError):
            return  # the process was killed, or the run is over
        finally:
            self._open.discard(task)
            writer.close()
