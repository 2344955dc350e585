"""What every bot of this directory does with a message; only the library around it differs."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import warm


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


def arguments() -> list[str]:
    """Return REST URL, WebSocket URL and token, and see to it that the bot ends with its test."""
    if sys.argv[1:]:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    return warm.arguments()


def _end_with_stdin() -> None:
    # Not sys.stdin: a thread that holds its lock spoils the end of an interpreter that fails.
    while os.read(0, 100):
        pass
    os._exit(0)
