"""A kernel that runs a notebook's cells as a person does: all of them queued, for tests."""

from __future__ import annotations

import atexit
import functools
import os
import queue
import re
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client import BlockingKernelClient, KernelManager
from jupyter_client.connect import write_connection_file
from jupyter_core.utils import ensure_event_loop
from warm import FORKS, Warm

ROOT = Path(__file__).resolve().parents[2]


@functools.cache
def _warm() -> Warm:
    started = Warm(sys.executable, Path(__file__).with_name("warm_kernel.py"), PYTHONPATH=str(ROOT))
    atexit.register(started.close)
    return started


@contextmanager
def warm_kernel(folder: Path) -> Iterator[BlockingKernelClient]:
    """A kernel in `folder` that has made its imports already, and those of the first picture.

    That takes 2 s of CPU less than `kernel`, which is for tests of what a new process does.
    """
    if not FORKS:
        with kernel(folder) as client:
            yield client
        return
    with tempfile.TemporaryDirectory(prefix="kernel-") as place:  # a socket's path must be short
        file, _ = write_connection_file(
            f"{place}/connection.json",
            transport="ipc",
            ip=f"{place}/socket",
            key=secrets.token_hex().encode(),
        )
        run = _warm().run(file, str(folder))
        client = BlockingKernelClient(connection_file=file)
        client.load_connection_file()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=60)
            yield client
        finally:
            client.stop_channels()
            run.kill()
            _close_loop()


@contextmanager
def kernel(folder: Path, course: Path = ROOT) -> Iterator[BlockingKernelClient]:
    """A kernel of this Python in `folder`, which imports the course from `course`."""
    manager = KernelManager(kernel_name="python3")
    assert manager.kernel_spec is not None
    manager.kernel_spec.argv[0] = sys.executable
    environment = {**os.environ, "PYTHONPATH": str(course)}
    manager.start_kernel(cwd=str(folder), env=environment)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        _close_loop()


def _close_loop() -> None:
    """Close the loop that jupyter_client has made for this thread, unless it is the main one."""
    if threading.current_thread() is not threading.main_thread():
        ensure_event_loop().close()


def run_all(
    client: BlockingKernelClient, sources: list[str], patience: float
) -> list[list[dict[str, Any]] | None]:
    """Queues every cell at once, as Run All does; the outputs of each, None where it never ended.

    `patience`: seconds after which the cells that did not end are given up.
    """
    numbers = {client.execute(source, stop_on_error=False): n for n, source in enumerate(sources)}
    outputs: list[list[dict[str, Any]]] = [[] for _ in sources]
    ended: set[int] = set()
    until = time.monotonic() + patience
    while len(ended) < len(sources) and time.monotonic() < until:
        try:
            message = client.get_iopub_msg(timeout=1)
        except queue.Empty:
            continue
        number = numbers.get(message["parent_header"].get("msg_id", ""))
        if number is None:
            continue
        if message["content"].get("execution_state") == "idle":
            ended.add(number)
        elif message["msg_type"] in ("stream", "error", "execute_result", "display_data"):
            outputs[number].append({"type": message["msg_type"], **message["content"]})
    return [outputs[number] if number in ended else None for number in range(len(sources))]


def without_words(output: dict[str, Any]) -> list[str]:
    """The beginnings of the pictures of an output that nobody can have read aloud."""
    data, about = output.get("data", {}), output.get("metadata", {})
    bare = [
        kind for kind in data if kind.startswith("image/") and not about.get(kind, {}).get("alt")
    ]
    pictures = re.findall(r"<img\b[^>]*>", str(data.get("text/html", "")))
    told = re.compile(r'\salt="[^"]|\saria-hidden="true"')
    return [*bare, *(picture[:80] for picture in pictures if not told.search(picture))]
