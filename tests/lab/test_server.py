"""`lab` serves the course on this machine alone, and leaves nothing behind when it ends."""

from __future__ import annotations

import json
import os
import signal
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from jupyter_client.blocking import BlockingKernelClient
from processes import ends
from running_lab import Lab, clone_into, lab

pytestmark = [
    pytest.mark.slow,  # JupyterLab takes 2-4 s to answer, on an idle machine
    pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process"),
]


def blocked_kernel(running: Lab, work: Path) -> psutil.Process:
    """Start a kernel and let it run a call that blocks for longer than any test."""
    kernel = running.start_kernel()
    [connection_file] = work.rglob("kernel-*.json")
    client = BlockingKernelClient(connection_file=str(connection_file))
    client.load_connection_file()
    # No heartbeat: on a busy machine, a kernel that does not beat yet would count as dead.
    client.start_channels(hb=False)
    try:
        client.wait_for_ready(timeout=60)
        client.execute("import time; print('asleep'); time.sleep(600)")
        while client.get_iopub_msg(timeout=30)["header"]["msg_type"] != "stream":
            pass
    finally:
        client.stop_channels()
    return kernel


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One server for the tests that only ask it."""
    folder = tmp_path_factory.mktemp("asked")
    root = clone_into(folder / "clone")
    (root / "submitted").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CODESPACE_NAME", "shiny-owl")
        patch.setenv("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN", "app.example")
        with lab(root, folder) as running:
            yield running


def test_nobody_else_gets_in(asked: Lab) -> None:
    assert b"kernels" in asked.ask("/api/status")
    with pytest.raises(urllib.error.HTTPError) as refusal:
        asked.ask("/api/status", token=False)
    refusal.value.close()
    assert refusal.value.code == 403
    listening = psutil.Process(asked.process.pid).net_connections("inet")
    assert {each.laddr.ip for each in listening if each.status == "LISTEN"} == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("page", "code"),
    [
        ("https://shiny-owl-8888.app.example", 200),
        ("https://shiny-owl-8889.app.example", 200),
        ("https://dark-owl-8888.app.example", 404),
        ("https://shiny-owl-8888.app.example.evil", 404),
    ],
)
def test_in_a_codespace_its_own_pages_may_ask_and_no_others(
    asked: Lab, page: str, code: int
) -> None:
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    browser.open(asked.url, timeout=60).close()  # the token; from now on, the cookie
    address = urllib.parse.urlsplit(asked.url)
    request = urllib.request.Request(f"http://{address.netloc}/api/status")
    request.add_header("Origin", page)
    try:
        answer = browser.open(request, timeout=60)
    except urllib.error.HTTPError as refusal:
        answer = refusal
    answer.close()
    assert answer.status == code


def test_the_file_list_shows_work_and_no_solutions(asked: Lab) -> None:
    listed = {each["name"] for each in json.loads(asked.ask("/api/contents/"))["content"]}
    assert {"work", "submitted"} <= listed
    assert not listed & {"source", "release", "notebooks", "autograder"}


def test_the_formgrader_finds_the_course(asked: Lab) -> None:
    """nbgrader refuses a course that is not inside the folder which JupyterLab serves."""
    assignments = json.loads(asked.ask("/formgrader/api/assignments"))
    assert "03_gateway" in {each["name"] for each in assignments}
    assert asked.ask("/api/contents/source/03_gateway")


def test_a_page_does_not_ask_whether_jupyterlab_must_be_built(asked: Lab) -> None:
    """Each page would start Node for it, if there is one: 0.3 s of CPU, for a list nobody needs."""
    assert '"buildCheck": false' in asked.ask("/lab").decode()


def test_a_killed_server_takes_its_kernel_along(asked: Lab) -> None:
    """The last of those that share the server."""
    kernel = asked.start_kernel()
    asked.process.kill()
    assert ends(kernel, within=10)


@pytest.mark.timeout(300)
def test_one_interrupt_ends_it_with_a_blocked_kernel_and_it_starts_again(
    tmp_path: Path,
) -> None:
    """What the reader changed is kept, also where there is no home."""
    clone, home = clone_into(tmp_path / "clone"), tmp_path / "no home"
    home.touch()  # not even root can write there
    with lab(clone, home) as running:
        kernel = blocked_kernel(running, clone / "work")
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(20) == 0
        assert ends(kernel, within=10)
    notes = clone / "work" / "notes.txt"
    notes.write_text("mine")
    with lab(clone, home) as running:
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(20) == 0
    assert notes.read_text() == "mine"
    assert (clone / "work" / ".unblocked" / "home").is_dir()
