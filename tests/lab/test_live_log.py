"""What the live log is told of the gateways, and how it reads; its panel has a browser test."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from running_lab import clone_into

from autograder import world
from autograder.livelog import lines
from autograder.livelog.serving import shown
from autograder.world import observers
from autograder.world.client import join

PATIENCE = 30.0  # seconds; the world starts in 0.3 s and ends 1 s after the last notebook

Message = dict[str, Any]


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process is the only notebook of a world that is shared."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/ada/work/03_gateway/lesson.ipynb")
    monkeypatch.setattr(world, "_here", world._SupervisorSource(join))
    yield
    world.leave()


async def until(messages: AsyncIterator[Message], last: Callable[[Message], bool]) -> list[Message]:
    """Return what is pushed up to the message that is awaited."""
    read = []
    async with asyncio.timeout(PATIENCE):
        async for message in messages:
            read.append(message)
            if last(message):
                break
    return read


def tells(event: str) -> Callable[[Message], bool]:
    return lambda message: "event" in message and message["event"]["event"] == event


async def visit(gw: world.Gateway) -> None:
    """Connect as a bot does, and go."""
    async with aiohttp.ClientSession() as session, session.ws_connect(gw.ws_url) as socket:
        data = {"token": gw.token, "intents": 0, "properties": {"browser": "aiohttp"}}
        await socket.send_json({"op": 2, "d": data})
        assert await gw.until(ready=1)


def test_it_is_told_whose_gateway_it_is_what_was_before_and_what_comes(notebook: None) -> None:
    async def scene() -> None:
        early = observers.look_on()
        assert await anext(early) == {"world": False}  # open before there is anything to see
        servers = await world.start()
        gw = await servers.gateway(heartbeat=5, grace=2)
        await visit(gw)
        late = observers.look_on()
        for messages in (early, late):
            there, introduction, *events = await until(messages, tells("closed"))
            assert there == {"world": True}
            facts = {"by": "lesson.ipynb", "heartbeat": 5, "dead_after": 10}
            assert introduction == {"gateway": introduction["gateway"], **facts}
            kinds = [message["event"]["event"] for message in events]
            assert kinds == ["listening", "identify", "ready", "closed"]
        began = time.monotonic()
        await gw.say("hello")
        [said] = await until(late, tells("say"))
        assert said["event"]["at"] >= began
        await gw.close()
        [ended] = await until(late, lambda message: "ended" in message)
        assert ended == {"gateway": said["gateway"], "ended": True}

    asyncio.run(scene())


@pytest.mark.slow
def test_it_neither_keeps_the_world_open_nor_ends_with_it(notebook: None) -> None:
    async def scene() -> None:
        log = observers.look_on()
        for _ in range(2):  # the kernel is restarted
            servers = await world.start()
            await servers.gateway()
            await until(log, tells("listening"))
            world.leave()
            last = await until(log, lambda message: message == {"world": False})
            assert any("ended" in message for message in last)

    asyncio.run(scene())


def test_every_event_that_matters_reads_as_a_line() -> None:
    late = {"event": "late", "t": 1.2, "at": 9.5, "bot": 1, "gap": 0.312, "handling": "!roll"}
    line = lines.line(late)
    assert line is not None
    assert (line["symbol"], line["word"], line["tone"]) == ("▲", "late", "warn")
    assert line["text"] == "no heartbeat for 0.31 s, last given '!roll'"
    killed = lines.line({**late, "event": "killed", "code": 4009})
    assert killed is not None
    assert killed["word"] == "CLOSED 4009"
    assert lines.line({"event": "typing", "bot": 1}) is None


def test_what_a_bot_says_is_cut_and_can_give_no_orders() -> None:
    line = lines.line({"event": "reply", "bot": 2, "content": "\x1b[2J\u202e" + "xyz\n" * 4000})
    assert line is not None
    assert line["word"] == "bot 2"
    assert line["text"].startswith("[2Jxyz xyz")
    assert len(line["text"]) <= lines.LONGEST


def test_the_page_is_not_told_the_token() -> None:
    event = {"event": "listening", "t": 0.0, "bot": 0, "token": "secret", "at": 1.0}
    assert "secret" not in json.dumps(shown({"gateway": 1, "event": event}))


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Binder's scripts are for bash")
def test_on_binder_jupyter_finds_both_parts_of_it(tmp_path: Path) -> None:
    root = clone_into(tmp_path / "clone")
    question = (
        "from jupyter_server.extension.config import ExtensionConfigManager as Manager;"
        "from jupyter_core.paths import jupyter_config_path, jupyter_path;"
        "from jupyterlab_server.config import get_federated_extensions as extensions;"
        "print(Manager(read_config_path=jupyter_config_path()).get_jpserver_extensions(),"
        "list(extensions(jupyter_path('labextensions'))))"
    )
    python = str(Path(sys.executable).parent)
    found = subprocess.run(
        [root / ".binder" / "start", "python", "-c", question],
        cwd=root,
        env={**os.environ, "PATH": os.pathsep.join([python, os.environ["PATH"]])},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "'autograder.livelog': True" in found
    assert "'unblocked'" in found
