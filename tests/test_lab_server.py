"""`lab` serves the course on this machine alone, and leaves nothing behind when it ends."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from jupyter_client.blocking import BlockingKernelClient

ROOT = Path(__file__).resolve().parent.parent
READY = re.compile(r"ready in [\d.]+ s: (http://127\.0\.0\.1:\d+/lab/tree/work\S*)\n")

pytestmark = [
    pytest.mark.slow,  # JupyterLab takes 2-4 s to answer, on an idle machine
    pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process"),
]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy of the repository as git would make it, as far as `lab` reads it."""
    root = tmp_path / "clone"
    for name in ("autograder", "source", "notebooks", "release"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    return root


@dataclass
class Lab:
    """A running `lab`, once it said that it is ready."""

    process: subprocess.Popen[str]
    url: str

    def ask(self, path: str, *, token: bool = True, method: str = "GET") -> bytes:
        address = urllib.parse.urlsplit(self.url)
        query = f"?{address.query}" if token else ""
        request = urllib.request.Request(
            f"{address.scheme}://{address.netloc}{path}{query}", method=method
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            content: bytes = answer.read()
        return content

    def start_kernel(self) -> psutil.Process:
        self.ask("/api/kernels", method="POST")
        [kernel] = psutil.Process(self.process.pid).children()
        return kernel


@contextlib.contextmanager
def lab(root: Path, home: Path) -> Iterator[Lab]:
    """Start `lab` and wait until it is ready; the test ends it."""
    environment = {**os.environ, "HOME": str(home)}
    for name in ("PYTHONPATH", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        environment.pop(name, None)
    with subprocess.Popen(
        [sys.executable, "-m", "autograder", "lab", "--no-browser"],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = ""
        try:
            for line in process.stdout:
                said += line
                if ready := READY.fullmatch(line):
                    # Read on, so that the server can never wait for a full pipe.
                    threading.Thread(target=process.stdout.read, daemon=True).start()
                    yield Lab(process, ready[1])
                    break
            else:
                pytest.fail(f"`lab` ended before it was ready:\n{said}")
        finally:
            process.kill()


def blocked_kernel(running: Lab, home: Path) -> psutil.Process:
    """Start a kernel and let it run a call that blocks for longer than any test."""
    kernel = running.start_kernel()
    [connection_file] = home.rglob("kernel-*.json")
    client = BlockingKernelClient(connection_file=str(connection_file))
    client.load_connection_file()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        client.execute("import time; print('asleep'); time.sleep(600)")
        while client.get_iopub_msg(timeout=30)["header"]["msg_type"] != "stream":
            pass
    finally:
        client.stop_channels()
    return kernel


def ended(process: psutil.Process, seconds: float) -> bool:
    with contextlib.suppress(psutil.TimeoutExpired):
        process.wait(seconds)
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_one_interrupt_ends_the_server_and_a_kernel_that_is_blocked(
    clone: Path, tmp_path: Path
) -> None:
    with lab(clone, tmp_path) as running:
        kernel = blocked_kernel(running, tmp_path)
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(20) == 0
        assert ended(kernel, 2)


def test_a_killed_server_takes_its_kernel_along(clone: Path, tmp_path: Path) -> None:
    with lab(clone, tmp_path) as running:
        kernel = running.start_kernel()
        running.process.kill()
        assert ended(kernel, 10)


def test_nobody_else_gets_in(clone: Path, tmp_path: Path) -> None:
    with lab(clone, tmp_path) as running:
        assert b"kernels" in running.ask("/api/status")
        with pytest.raises(urllib.error.HTTPError) as refusal:
            running.ask("/api/status", token=False)
        refusal.value.close()
        assert refusal.value.code == 403
        listening = psutil.Process(running.process.pid).net_connections("inet")
        assert {each.laddr.ip for each in listening if each.status == "LISTEN"} == {"127.0.0.1"}


def test_the_file_list_shows_no_solutions_but_the_formgrader_can_reach_them(
    clone: Path, tmp_path: Path
) -> None:
    (clone / "work").mkdir()
    (clone / "submitted").mkdir()
    with lab(clone, tmp_path) as running:
        listed = running.ask("/api/contents/")
        assert b'"name": "work"' in listed
        assert b'"name": "submitted"' in listed
        assert b'"name": "source"' not in listed
        assert b'"name": "notebooks"' not in listed
        assert running.ask("/api/contents/source")


def test_it_starts_twice_and_keeps_what_the_reader_changed(clone: Path, tmp_path: Path) -> None:
    home = tmp_path / "no home"
    home.touch()  # not even root can write there
    for _ in range(2):
        began = time.monotonic()
        with lab(clone, home) as running:
            running.process.send_signal(signal.SIGTERM)
            assert running.process.wait(20) == 0
        notes = clone / "work" / "notes.txt"
        notes.write_text(f"mine, {began}")
    assert notes.read_text() == f"mine, {began}"
    assert (clone / "work" / ".unblocked" / "home").is_dir()
