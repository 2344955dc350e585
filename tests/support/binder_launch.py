"""A launch on Binder without Binder: the image's entrypoint, and a learner's Run All in it.

`python3 binder_launch.py IMAGE PLAN` must be started by `namespaces.apart`, without a network: it
starts JupyterLab as Binder does, opens the notebooks of the plan over Jupyter's own REST and
WebSocket interfaces, queues all their cells, saves them, runs the plan's commands as a terminal
would, and prints what happened as JSON.
IMAGE is what binder_image.py made.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from binder_image import UID, Image, packed
from websockets.sync.client import connect

BASE, TOKEN, PORT = "/user/somebody/", "a-token", 8888
SERVER = f"127.0.0.1:{PORT}{BASE}"
# What mybinder.org's spawner says: a path of its own, the hub's origin, ten minutes of idleness.
COMMAND = [
    "jupyter-lab",
    "--ip=0.0.0.0",
    f"--port={PORT}",
    f"--ServerApp.base_url={BASE}",
    f"--ServerApp.token={TOKEN}",
    "--ServerApp.trust_xheaders=True",
    "--ServerApp.allow_origin=*",
    "--ServerApp.allow_origin_pat=.*",
    "--MappingKernelManager.cull_idle_timeout=600",
    "--MappingKernelManager.cull_connected=True",
]
PATIENCE = 180.0  # s for all cells of one notebook, as in test_lessons.py


def inside(image: Path, about: dict[str, Any], command: list[str]) -> list[str]:
    """A command in the image, as its user, with its variables and in its folder."""
    identity = ["chroot", f"--userspec={UID}:{UID}", "--groups=", str(image), "env", "-i"]
    variables = [f"{name}={value}" for name, value in about["environment"].items()]
    return [*identity, *variables, "sh", "-c", f'cd {about["folder"]} && exec "$@"', "", *command]


def only_loopback() -> None:
    """Take the loopback interface up; it is the only one there is."""
    assert [name for _, name in socket.if_nameindex()] == ["lo"], "start me without a network"
    up = struct.pack("16sH22x", b"lo", 0x41)  # IFF_UP and IFF_RUNNING, netdevice(7)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        fcntl.ioctl(asking, 0x8914, up)  # SIOCSIFFLAGS


def ask(path: str, method: str = "GET", body: dict[str, Any] | None = None) -> Any:
    """Ask the server over REST, as JupyterLab's page does."""
    request = urllib.request.Request(
        f"http://{SERVER}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"token {TOKEN}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        content = answer.read()
    return json.loads(content) if content.startswith(b"{") else content


def wait_for(server: subprocess.Popen[bytes]) -> None:
    """Return once the server answers. Raises AssertionError when it ends instead."""
    while True:
        with suppress(OSError):
            ask("api/status")
            return
        assert server.poll() is None, "JupyterLab ended before it answered"
        time.sleep(0.05)


@contextmanager
def memory(image: Path) -> Iterator[list[int]]:
    """The most memory that all processes here took together, in bytes of PSS."""
    most, over = [0], threading.Event()

    def look() -> None:
        while not over.wait(1):
            used = 0
            for process in Path("/proc").glob("[0-9]*"):
                with suppress(OSError, StopIteration, ProcessLookupError):
                    if int(process.name) == os.getpid():
                        continue
                    lines = (process / "smaps_rollup").read_text().splitlines()
                    used += 1024 * int(next(x for x in lines if x.startswith("Pss:")).split()[1])
            most[0] = max(most[0], used)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield most
    finally:
        over.set()
        watcher.join()


def page(path: str) -> dict[str, Any]:
    """What the page of a notebook tells the browser about extensions."""
    html = ask(f"lab/tree/{path}").decode()
    found = re.search(r'id="jupyter-config-data"[^>]*>(.*?)</script>', html, re.DOTALL)
    assert found, html
    settings = json.loads(found[1])
    return {
        "extensions": [one["name"] for one in settings["federated_extensions"]],
        "disabled": settings["disabledExtensions"],
    }


@contextmanager
def gateway_log() -> Iterator[list[str]]:
    """What the live log was told meanwhile, as JSON texts."""
    heard: list[str] = []
    with connect(f"ws://{SERVER}unblocked/gateway-log?token={TOKEN}", max_size=None) as line:
        listener = threading.Thread(target=lambda: heard.extend(map(str, line)))
        listener.start()
        yield heard
    listener.join()


def run_all(path: str) -> dict[str, Any]:
    """Open a notebook, queue all its cells, save it with what they showed."""
    began = time.monotonic()
    notebook = ask(f"api/contents/{path}?content=1")["content"]
    code = [one for one in notebook["cells"] if one["cell_type"] == "code" and one["source"]]
    with kernel(path) as line:
        first = execute(line, code, began)
        ended = time.monotonic() - began
        new = {"type": "notebook", "format": "json", "content": notebook}
        ask(f"api/contents/{path}", "PUT", new)
    outputs = [output for cell in code for output in cell["outputs"]]
    return {
        "path": path,
        "seconds": ended,
        "first": first,
        "cells": len(code),
        "ran": sum(cell["execution_count"] is not None for cell in code),
        "errors": [one for one in outputs if one["output_type"] == "error"],
        "pictures": sum("image/" in json.dumps(one.get("data", {})) for one in outputs),
    }


def set_up_twice(path: str) -> list[dict[str, Any]]:
    """Run a lab's setup cells in a new kernel, as after a cull, and again; return the errors."""
    cells = ask(f"api/contents/{path}?content=1")["content"]["cells"]
    about = [(cell, cell["metadata"].get("nbgrader", {})) for cell in cells]
    setup = [cell for cell, nbgrader in about if nbgrader.get("locked") and not nbgrader["grade"]]
    code = [dict(cell) for cell in 2 * setup if cell["cell_type"] == "code"]
    assert code
    with kernel(path) as line:
        execute(line, code, time.monotonic())
    outputs = [output for cell in code for output in cell["outputs"]]
    return [one for one in outputs if one["output_type"] == "error"]


@contextmanager
def kernel(path: str) -> Iterator[Any]:
    """A session of a notebook, as its page opens one: the WebSocket to its new kernel."""
    about = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
    session = ask("api/sessions", "POST", about)
    channels = f"ws://{SERVER}api/kernels/{session['kernel']['id']}/channels?token={TOKEN}"
    with connect(channels, max_size=None, compression=None) as line:
        yield line
    ask(f"api/sessions/{session['id']}", "DELETE")


def execute(line: Any, code: list[dict[str, Any]], began: float) -> float:
    """Queue the cells, fill in what they show, return the seconds until the first has ended."""
    asked = {}
    for cell in code:
        cell["outputs"], cell["execution_count"] = [], None
        message = _request(cell)
        asked[message["header"]["msg_id"]] = cell
        line.send(json.dumps(message))
    first, open_cells, deadline = 0.0, set(asked), time.monotonic() + PATIENCE
    while open_cells:
        message = json.loads(line.recv(timeout=deadline - time.monotonic()))
        number = message["parent_header"].get("msg_id")
        if number not in asked:
            continue
        kind, content, cell = message["msg_type"], message["content"], asked[number]
        if kind == "status" and content["execution_state"] == "idle":
            open_cells.discard(number)
            first = first or time.monotonic() - began
        elif kind == "execute_input":
            cell["execution_count"] = content["execution_count"]
        elif kind in ("stream", "error", "display_data", "execute_result"):
            content.pop("transient", None)
            cell["outputs"].append({"output_type": kind, **content})
    return first


def _request(cell: dict[str, Any]) -> dict[str, Any]:
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "version": "5.3"}
    header |= {"username": "", "session": "a-page", "date": "2026-01-01T00:00:00Z"}
    content = {"code": "".join(cell["source"]), "silent": False, "store_history": True}
    content |= {"user_expressions": {}, "allow_stdin": False, "stop_on_error": True}
    metadata = {"cellId": cell.get("id"), "deletedCells": [], "recordTiming": False}
    return {
        "header": header,
        "parent_header": {},
        "metadata": metadata,
        "content": content,
        "buffers": [],
        "channel": "shell",
    }


def main(image: Path, plan: dict[str, Any]) -> dict[str, Any]:
    """Launch, do what the plan says, and tell."""
    only_loopback()
    subprocess.run(["mount", "-t", "proc", "proc", str(image / "proc")], check=True)
    about = json.loads(image.with_suffix(".json").read_text("utf-8"))
    for name, text in plan["worked"].items():  # what a learner brought along
        path = Path(about["folder"], name)
        lab = packed(path.name, text.encode(), owner=UID)
        Image(Path("/-"), image).put(lab, str(path.parent), owner=UID)
    began = time.monotonic()
    server = subprocess.Popen(
        inside(image, about, [*about["entrypoint"], *COMMAND]),
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        stderr=sys.stderr,
    )
    with memory(image) as most:
        wait_for(server)
        told: dict[str, Any] = {"built": about, "answered": time.monotonic() - began}
        told["pages"] = [page(path) for path in plan["notebooks"]]
        with ThreadPoolExecutor() as pool, gateway_log() as told["log"]:
            # all are open at once, in one world
            told["notebooks"] = list(pool.map(run_all, plan["notebooks"]))
        told["again"] = [error for path in plan["labs"] for error in set_up_twice(path)]
        told["commands"] = [terminal(image, about, command) for command in plan["commands"]]
    home = image / about["folder"].lstrip("/")
    told["saved"] = [json.loads((home / path).read_text("utf-8")) for path in plan["notebooks"]]
    told["home"] = [path.name for path in home.iterdir()]
    return {**told, "bytes": most[0]}


def terminal(image: Path, about: dict[str, Any], command: list[str]) -> dict[str, Any]:
    """Run a command to its end, as in a terminal of JupyterLab."""
    began = time.monotonic()
    answer = subprocess.run(
        inside(image, about, command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - began
    return {"code": answer.returncode, "said": answer.stdout, "seconds": seconds}


if __name__ == "__main__":
    assert os.getpid() == 1, "start me in namespaces of my own"
    print(json.dumps(main(Path(sys.argv[1]), json.loads(sys.argv[2]))))
