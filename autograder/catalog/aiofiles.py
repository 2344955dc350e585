"""aiofiles: files through a thread pool, which is useful only for slow disks."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path

from autograder.catalog.card import WAIT, Card, Servers
from autograder.outcomes import UserMistake

TEXT = "The disk of this bot lies in another building.\n"


def pipe() -> Path:
    """Return the path of the named pipe that stands for a file on a slow network disk."""
    return Path(tempfile.gettempdir()) / f"unblocked-{os.getpid()}.fifo"


async def prepare(servers: Servers) -> None:
    if not hasattr(os, "mkfifo"):
        raise UserMistake("aiofiles is compared on a named pipe, which Windows does not have")
    os.mkfifo(pipe())
    threading.Thread(target=_write_late, daemon=True).start()


def _write_late() -> None:
    with pipe().open("w") as disk:  # waits until the reader has opened it
        pipe().unlink()
        time.sleep(WAIT + 0.05)
        disk.write(TEXT)


async def use(servers: Servers) -> str:
    import aiofiles

    async with aiofiles.open(pipe()) as file:
        return str(await file.read())


def blocking(servers: Servers) -> str:
    with open(pipe()) as file:
        return file.read()


CARD = Card(
    name="aiofiles",
    purpose="files on slow or network disks",
    twin="open",
    status="maintained: 25.1.0",
    seen="2026-11-22",
    source="https://pypi.org/project/aiofiles/",
    care=(
        "Seldom needed: reading a small local file takes 0.02 ms, and a trip through its thread "
        "pool several times that, for each call. For a large file, or one on a network disk, "
        "asyncio.to_thread(path.read_text) does the same in one trip."
    ),
    use=use,
    blocking=blocking,
    modules=("aiofiles",),
    prepare=prepare,
)
