"""A kernel that runs a notebook's cells as a person does: all of them queued, for tests."""

from __future__ import annotations

import os
import queue
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client import BlockingKernelClient, KernelManager

ROOT = Path(__file__).resolve().parents[2]


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
