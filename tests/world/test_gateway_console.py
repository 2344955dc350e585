"""`python -m autograder gateway`: what a person, or a program that reads JSON lines, is told."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from autograder.outcomes import UserMistake
from autograder.own_bot.talk import Talk
from autograder.world import console
from autograder.world.gateway.payloads import PEOPLE

ROOT = Path(__file__).parents[2]
BOT = Path(__file__).parents[1] / "clients" / "discord_bot.py"


@contextmanager
def tool(
    *, heartbeat: float = 0.2, jsonl: bool = True, stdin: int = subprocess.PIPE
) -> Iterator[subprocess.Popen[str]]:
    """The verb in a process of its own, without the command line around it."""
    call = f"console.gateway(0, {heartbeat}, 2, {jsonl}, talk=lambda one: Talk(one).hear)"
    modules = "import sys; from autograder.own_bot.talk import Talk"
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"{modules}; from autograder.world import console; sys.exit({call})",
        ],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def bot_of(listening: dict[str, Any]) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, str(BOT), listening["rest_url"], listening["ws_url"], "my real token"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        process.communicate()


def until(process: subprocess.Popen[str], name: str, **facts: Any) -> dict[str, Any]:
    """Return the next event of that name with these facts."""
    assert process.stdout is not None
    for line in process.stdout:
        event: dict[str, Any] = json.loads(line)
        if event["event"] == name and facts.items() <= event.items():
            return event
    raise AssertionError(f"ended with {process.wait()} before {name}: {process.stderr}")


def type_in(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


@pytest.mark.slow
def test_json_lines_tell_a_bots_life_and_death() -> None:
    with tool() as process:
        listening = until(process, "listening")
        assert listening["rest_url"].startswith("http://127.0.0.1:")
        assert listening["ws_url"].startswith("ws://127.0.0.1:")
        with bot_of(listening):
            assert until(process, "identify")["library"] == "discord.py"
            assert until(process, "ready")["bot"] == 1
            type_in(process, "!say hello")
            assert until(process, "say")["content"] == "!say hello"
            assert until(process, "reply")["content"] == "hello"
            # 0.4 s is its patience: a gateway that gets no CPU for a second notices it still. A
            # busy machine may have made the bot late, or lost, before that.
            type_in(process, "!block 2")
            until(process, "late", handling="!block 2")
            killed = until(process, "killed", handling="!block 2")
            assert killed["code"] == 4009
            assert killed["gap"] >= 0.4
            assert until(process, "resumed")["bot"] == 1
            type_in(process, "/report seconds=0.1")
            assert until(process, "deferred")["name"] == "report"
            assert until(process, "followup")["content"] == "report for ada"


@pytest.mark.slow
@pytest.mark.parametrize("signal_number", [signal.SIGINT, None], ids=["ctrl-c", "end of input"])
def test_it_ends_cleanly(signal_number: signal.Signals | None) -> None:
    with tool() as process:
        until(process, "listening")
        if signal_number is not None:
            process.send_signal(signal_number)
        out, err = process.communicate(timeout=60)  # which also closes its input
        assert process.returncode == 0
        assert err == ""
        assert all(json.loads(line) for line in out.splitlines())


def test_a_service_without_a_keyboard_goes_on() -> None:
    with tool(stdin=subprocess.DEVNULL) as process:
        until(process, "listening")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)


@pytest.mark.slow
def test_people_get_a_log_to_read_with_how_to_point_a_bot_here() -> None:
    with tool(jsonl=False) as process:
        type_in(process, "hello everybody")
        out, _ = process.communicate(timeout=60)
    assert f'hikari.GatewayBot("{console.TOKEN}", rest_url="http://127.0.0.1:' in out
    assert "import discord.gateway, discord.http, yarl" in out
    assert out.splitlines()[-1].endswith("ada     #general  hello everybody")


@pytest.mark.slow
def test_a_command_is_typed_with_quotes_names_and_subcommands() -> None:
    text = {"type": 3, "name": "text", "description": "x"}
    who = {"type": 6, "name": "user", "description": "x"}
    ban = {"type": 1, "name": "ban", "description": "x", "options": [who]}
    commands = [
        {"name": "say", "description": "x", "options": [text]},
        {"name": "admin", "description": "x", "options": [ban]},
    ]

    async def bot(process: subprocess.Popen[str], at: dict[str, Any]) -> list[Any]:
        told = []
        headers = {"Authorization": "Bot any.token.here"}
        async with aiohttp.ClientSession(headers=headers) as http:
            socket = await http.ws_connect(at["ws_url"])
            identity = {"token": "any.token.here", "intents": 1, "properties": {}}
            await socket.send_json({"op": 2, "d": identity})
            while (event := await socket.receive_json(timeout=30))["t"] != "READY":
                pass
            path = f"/applications/{event['d']['user']['id']}/commands"
            async with http.put(at["rest_url"] + path, json=commands) as response:
                assert response.status == 200
            for line in ('/say text="hello world"', "/admin ban user=ada"):
                type_in(process, line)
                while (event := await socket.receive_json(timeout=30))["t"] != "INTERACTION_CREATE":
                    pass
                told.append(event["d"]["data"])
        return told

    with tool(heartbeat=5) as process:
        said, banned = asyncio.run(bot(process, until(process, "listening")))
        until(process, "interaction")
        type_in(process, "/say txet=hello")
        _, mistakes = process.communicate(timeout=60)
    assert "/say has no option txet: /say [text]" in mistakes
    assert [one["value"] for one in said["options"]] == ["hello world"]
    assert banned["options"][0]["options"][0]["value"] == PEOPLE["ada"]
    assert banned["resolved"]["users"].keys() == {PEOPLE["ada"]}


def test_a_bots_words_cannot_command_the_terminal() -> None:
    event = {"event": "reply", "bot": 1, "content": "\x1b[2J{bot} ünï\n", "channel": "general"}
    assert console.describe(event, 0.2) == ("bot 1", "#general  \\x1b[2J{bot} ünï\\n", "green")


def test_real_life_has_a_heartbeat_of_41_25_seconds() -> None:
    async def hello(url: str) -> Any:
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
            return await socket.receive_json(timeout=30)

    with tool(heartbeat=41.25) as process:
        payload = asyncio.run(hello(until(process, "listening")["ws_url"]))
        assert payload["d"]["heartbeat_interval"] == 41250


def test_a_taken_port_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserMistake, match=f"port {port} is taken.*choose another port"):
            console.gateway(port, 0.2, 2, jsonl=True, talk=lambda one: Talk(one).hear)
