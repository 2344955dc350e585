"""The bot's process: its environment, its start and its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autograder.own_bot.inside.guard import without_tokens
from autograder.paths import PACKAGE

FRONT = PACKAGE / "own_bot" / "front"
PATIENCE = 5.0  # s: after Ctrl-C a bot may close its connections for this long


async def start(
    python: str, bot: Path, arguments: Sequence[str], settings: dict[str, Any]
) -> asyncio.subprocess.Process:
    """Start a bot in its own folder, as `python bot.py` does there; its output is our output.

    It gets a session (on Windows a group) of its own, so that Ctrl-C reaches us first.
    """
    alone: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        alone = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return await asyncio.create_subprocess_exec(
        python,
        bot.name,
        *arguments,
        cwd=bot.parent,
        env=environment(dict(os.environ), settings),
        stdin=asyncio.subprocess.DEVNULL,
        **alone,
    )


def environment(given: dict[str, str], settings: dict[str, Any]) -> dict[str, str]:
    """Return the bot's environment: as given, but for its path and each Discord token in it."""
    changed = {name: without_tokens(value, settings["token"]) for name, value in given.items()}
    changed["PYTHONPATH"] = os.pathsep.join(filter(None, [str(FRONT), given.get("PYTHONPATH", "")]))
    return changed | {"UNBLOCKED_RUN": json.dumps(settings)}


async def end(process: asyncio.subprocess.Process) -> None:
    """End a bot and the processes that it started: as Ctrl-C does, and then without asking."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(_POLITELY)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await process.wait()
    kill(process)
    await process.wait()


def kill(process: asyncio.subprocess.Process) -> None:
    """Kill a bot and its whole group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


if sys.platform == "win32":
    _POLITELY = signal.CTRL_BREAK_EVENT
else:
    _POLITELY = signal.SIGINT
