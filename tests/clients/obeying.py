"""What every bot of this directory does with a message; only the library around it differs."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time


async def obey(content: str) -> str | None:
    """Carry out a command and return the reply, None for what is not a command."""
    command, _, rest = content.partition(" ")
    if command == "!say":
        return rest
    if command == "!block":
        time.sleep(float(rest))  # noqa: ASYNC251 - the mistake under test
        return "blocked"
    if command == "!wait":
        await asyncio.sleep(float(rest))
        return "waited"
    return None


def arguments() -> tuple[str, str, str]:
    """Return REST URL, WebSocket URL and token, and see to it that the bot ends with its test."""
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    return sys.argv[1], sys.argv[2], sys.argv[3]


def _end_with_stdin() -> None:
    # Not sys.stdin: a thread that holds its lock spoils the end of an interpreter that fails.
    while os.read(0, 100):
        pass
    os._exit(0)
