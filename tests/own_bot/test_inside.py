"""What happens in a bot's process: a renamed place ends the run, a token is known by its form."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from itertools import groupby
from pathlib import Path
from time import perf_counter_ns
from types import FrameType, ModuleType, SimpleNamespace
from typing import Any

import pytest

from autograder.monitor.frames import Line
from autograder.own_bot import process
from autograder.own_bot.account import Account, Call, Held
from autograder.own_bot.inside import guard, libraries, loops, sending
from autograder.own_bot.inside.doing import doing, own_calls
from autograder.own_bot.telling import Teller

SETTINGS = {"rest": "http://127.0.0.1:1/api", "ws": "ws://127.0.0.1:1", "token": "ours"}


class Told(list[dict[str, Any]]):
    """Stands for the sender: keeps the messages."""

    def send(self, message: dict[str, Any]) -> None:
        self.append(message)


def places(told: Told) -> Any:
    refuser = SimpleNamespace(refuse_discord=lambda host: told.send({"host": host}))
    return libraries._Places(SETTINGS, refuser, told)  # type: ignore[arg-type]


def module(name: str, **names: Any) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(names)
    return made


@pytest.mark.parametrize(
    ("library", "attribute"),
    [("discord", "BASE"), ("discord", "API_BASE_URL"), ("nextcord", "BASE"), ("disnake", "BASE")],
)
def test_the_address_of_each_library_is_replaced(library: str, attribute: str) -> None:
    route = type("Route", (), {attribute: "https://discord.com/api"})
    places(Told()).address(module(f"{library}.http", Route=route))
    assert getattr(route, attribute) == SETTINGS["rest"]


@pytest.mark.parametrize("library", ["discord", "nextcord", "disnake"])
def test_the_token_is_replaced_before_a_library_reads_it(library: str) -> None:
    got = []

    class Client:
        async def login(self, token: str, more: int = 0) -> None:
            got.append((token, more))

    places(Told()).login(module(f"{library}.client", Client=Client))
    asyncio.run(Client().login("a real one"))
    asyncio.run(Client().login(token="a real one", more=2))
    assert got == [("ours", 0), ("ours", 2)]


def test_hikaris_token_and_address_are_replaced() -> None:
    got = []

    class GatewayBot:
        def __init__(self, token: str, *, rest_url: str | None = None, logs: str = "") -> None:
            got.append((token, rest_url, logs))

    places(Told()).hikari(module("hikari.impl.gateway_bot", GatewayBot=GatewayBot))
    GatewayBot("a real one", logs="INFO")
    GatewayBot(token="a real one", rest_url="https://discord.com")
    assert got == [("ours", SETTINGS["rest"], "INFO"), ("ours", SETTINGS["rest"], "")]


class _Renamed:
    """Stands for a class whose attributes have other names in a new release."""

    def __init__(self, token: str) -> None:
        raise AssertionError(f"the bot goes on with {token}")


@pytest.mark.parametrize(
    ("change", "of", "names", "place"),
    [
        ("address", "discord.http", {"Route": _Renamed}, "Route.BASE"),
        ("address", "nextcord.http", {"Path": _Renamed}, "Route"),
        ("login", "discord.client", {"Client": _Renamed}, "Client.login"),
        ("login", "nextcord.client", {"Client": _Renamed}, "Client.login"),
        ("login", "disnake.client", {}, "Client"),
        ("hikari", "hikari.impl.gateway_bot", {"GatewayBot": _Renamed}, "GatewayBot(rest_url=...)"),
        ("requests", "aiohttp.client", {"ClientSession": _Renamed}, "ClientSession._request"),
        ("uvloop_loops", "uvloop", {}, "Loop"),
    ],
)
def test_a_renamed_place_ends_the_run(
    change: str, of: str, names: dict[str, Any], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = of.partition(".")[0]
    monkeypatch.setitem(sys.modules, package, module(package, __version__="99.1"))
    told = Told()
    with pytest.raises(ImportError, match="does not find"):
        getattr(places(told), change)(module(of, **names))
    assert told == [{"event": "unknown", "library": f"{package} 99.1", "place": place}]


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("discord.com", True),
        ("GATEWAY.discord.gg.", True),
        (b"cdn.discordapp.com", True),
        ("media.discordapp.net", True),
        ("eu-west1.discord.media", True),
        ("notdiscord.com", False),
        ("discord.com.example.org", False),
        ("discordpy.readthedocs.io", False),
        ("127.0.0.1", False),
        (None, False),
    ],
)
def test_discords_names_are_known_and_no_others(host: Any, known: bool) -> None:
    assert guard.is_discords(host) is known


def test_a_discord_token_is_hidden_and_another_services_key_is_kept() -> None:
    real = "MTE0OTk5OTk5OTk5OTk5OTk5OQ.GabcdE.not_a_token_of_anybodys_at_all_0000"
    key = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyb2xlIjoiYW5vbiJ9.AAAAAAAAAAAAAAAAAAAAAAAA"
    assert guard.without_tokens(f"bot.run({real!r}), {key}") == f"bot.run('[token]'), {key}"
    given = {"TOKEN": real, "URL": f"x?{real}&y", "KEY": key, "PYTHONPATH": "mine"}
    made = process.environment(given, {**SETTINGS, "port": 1})
    assert made["TOKEN"] == "ours"
    assert made["URL"] == "x?ours&y"
    assert made["KEY"] == key
    assert made["PYTHONPATH"].endswith(f"{os.pathsep}mine")
    assert real not in str(made)


def test_a_bot_ends_with_the_process_that_runs_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings = {**SETTINGS, "port": server.getsockname()[1], "secret": "s", "limit": 1}
        bot = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(60)"],
            env=process.environment(dict(os.environ), settings),
        )
        with bot, server.accept()[0] as connection, connection.makefile() as told:
            assert told.readline() == "s\n"
            assert json.loads(told.readline()) == {"event": "hello", "pid": bot.pid}
            connection.shutdown(socket.SHUT_RDWR)  # as when that process is killed
            assert bot.wait(20) == sending.ABANDONED


def test_without_its_guard_a_bot_does_not_begin() -> None:
    environment = {**os.environ, "PYTHONPATH": str(process.FRONT), "UNBLOCKED_RUN": "{}"}
    bot = subprocess.run(
        [sys.executable, "-c", "print('begun')"], env=environment, capture_output=True, check=False
    )
    assert bot.returncode == sending.ABANDONED
    assert bot.stdout == b""
    assert b"KeyError: 'port'" in bot.stderr


def test_a_loop_is_told_of_while_it_is_held_and_then_forgets_it() -> None:
    class Loop(asyncio.SelectorEventLoop):
        pass

    async def bot() -> None:
        for _ in range(3):
            time.sleep(0.15)
            await asyncio.sleep(0.02)

    told = Told()
    loops.watch(Loop, "asyncio", told, 0.05)  # type: ignore[arg-type]
    loop = Loop()
    loop.run_until_complete(bot())
    watched = loop._unblocked  # type: ignore[attr-defined]
    loop.run_until_complete(bot())
    loop.close()
    assert told[0]["event"] == "loop"
    blocks = [message for message in told if message["event"] == "block"]
    # Each of the six is told once. A machine that stops in between adds one that is only doubt.
    assert sum(block["seconds"] >= 0.05 for block in blocks) <= 6 <= len(blocks), blocks
    # A sampler that got no CPU in one of the blocks could not tell of that one while it lasted.
    events = " ".join(event for event, _ in groupby(message["event"] for message in told))
    assert "held block free" in events
    first = bot.__code__.co_firstlineno
    at_sleep = [one for one in blocks if one["calls"] == [[__file__, first + 2, "bot"]]]
    assert at_sleep, blocks
    block = at_sleep[0]
    assert block["doing"] == "task bot"
    assert block["own"] is True
    # Of 0.15, less two turns of the GIL. Linux may count a sleep as a wait, and then it is doubt;
    # a machine that stops meanwhile adds its time.
    assert block["seconds"] + block["doubt"] > 0.138
    assert block["seconds"] < 5
    assert watched._sampler._lines_seen == []
    assert watched._stories == {}
    assert watched._probe.held == watched._probe.noise == watched._probe.busy == []
    sampler = watched._sampler._thread  # another test may have left one of the same name
    sampler.join(10)
    assert not sampler.is_alive()


def test_what_was_seen_of_a_pass_that_held_nothing_is_forgotten_too() -> None:
    # A bot runs for days, and on a busy machine select returns late again and again.
    class Loop(asyncio.SelectorEventLoop):
        pass

    loops.watch(Loop, "asyncio", Told(), 0.05)  # type: ignore[arg-type]
    loop = Loop()
    loop.run_until_complete(asyncio.sleep(0.001))
    watched = loop._unblocked  # type: ignore[attr-defined]
    # The lines of other threads come without a story of the loop's.
    watched._sampler._note(perf_counter_ns(), 1, Line(__file__, 1, "job"), 1)
    assert watched._sampler._lines_seen
    loop.run_until_complete(asyncio.sleep(0.02))
    assert watched._sampler._lines_seen == []
    watched._see(perf_counter_ns(), 0, sys._getframe())
    assert watched._stories
    loop.run_until_complete(asyncio.sleep(0.02))
    assert watched._stories == {}
    loop.close()


def test_free_is_never_told_before_held_also_if_the_loop_runs_on_meanwhile() -> None:
    class Loop(asyncio.SelectorEventLoop):
        pass

    class Late(Told):
        """Is kept from sending "held" until the loop has told what it has to tell."""

        def send(self, message: Any) -> None:
            if message["event"] == "held":
                watched._tell()
            super().send(message)

    told = Late()
    loops.watch(Loop, "asyncio", told, 0.05)  # type: ignore[arg-type]
    loop = Loop()
    loop.run_until_complete(asyncio.sleep(0.001))
    watched = loop._unblocked  # type: ignore[attr-defined]
    watched._see(perf_counter_ns() - 1, 60_000_000, sys._getframe())
    watched._tell()
    loop.close()
    events = [message["event"] for message in told if message["event"] in ("held", "free")]
    assert events == ["held", "free"]


# What the bot is doing: frames as the libraries make them

LIBRARY = "/env/lib/python3/site-packages/discord/{name}.py"
SOURCES = {
    "core": "def invoke(self, ctx, call):\n    return call()\n",
    "commands": "def _invoke_with_namespace(self, call):\n    return call()\n",
    "tasks": "def _loop(self, call):\n    return call()\n",
    "view": "def _scheduled_task(self, item, call):\n    return call()\n",
    "client": "def _run_event(self, event_name, call):\n    return call()\n",
    "manager": "def _invoke_callback(self, callback, call):\n    return call()\n",
}


def library(name: str) -> Any:
    """Return the function of a made library file."""
    names: dict[str, Any] = {}
    exec(compile(SOURCES[name], LIBRARY.format(name=name), "exec"), names)
    return next(found for key, found in names.items() if not key.startswith("__"))


def frames() -> list[FrameType]:
    at: FrameType | None = sys._getframe(1)
    found = []
    while at is not None and at.f_code.co_name != "stack_below":
        found.append(at)
        at = at.f_back
    return found


def stack_below(call: Any) -> list[FrameType]:
    result: list[FrameType] = call()
    return result


class Button:
    label, custom_id = "Vote", "7"


class Modal:
    title, custom_id = "Why?", "8"


class Reason(Modal):
    """The author's own class of one."""


class Select:
    placeholder, custom_id = None, "colours"


COMMAND = SimpleNamespace(qualified_name="admin ban")


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("core", (COMMAND, SimpleNamespace(prefix="!", interaction=None)), "command !admin ban"),
        ("core", (COMMAND, SimpleNamespace(interaction=object())), "command /admin ban"),
        ("core", (object(), None), "callback frames"),
        ("commands", (COMMAND,), "command /admin ban"),
        ("tasks", (SimpleNamespace(coro=frames),), "task loop frames"),
        ("view", (None, Button()), "button Vote"),
        ("view", (Reason(), Reason()), "modal Why?"),
        ("view", (None, Select()), "menu colours"),
        ("client", (None, "on_message"), "listener on_message"),
        ("manager", (None, frames), "listener frames"),
        ("client", (None, 3), "listener 3"),
    ],
)
def test_the_command_or_listener_is_named(name: str, arguments: Any, told: str) -> None:
    stack = stack_below(lambda: library(name)(*arguments, frames))
    assert doing(stack).replace("callback <lambda>", "callback frames") == told


def test_an_own_task_is_named_by_its_function_and_the_innermost_command_wins() -> None:
    async def feed() -> list[FrameType]:
        return frames()

    def advance() -> list[FrameType]:
        try:
            feed().send(None)
        except StopIteration as done:
            stack: list[FrameType] = done.value
            return stack
        raise AssertionError

    stack = stack_below(advance)
    assert doing(stack[:1]) == "task feed"
    nested = stack_below(
        lambda: library("client")(None, "on_message", lambda: library("commands")(COMMAND, frames))
    )
    assert doing(nested) == "command /admin ban"
    assert {call.file for call in own_calls(nested)} == {__file__}
    assert doing([]) == ""


# The account


def message(**facts: Any) -> dict[str, Any]:
    given = {"began": 10.0, "seconds": 0.5, "doubt": 0.0, "kind": "sleep", "doing": "task a"}
    calls = [["/home/bot.py", 3, "a"], ["/home/bot.py", 7, "b"]]
    return {**given, "library": "", "own": True, "calls": calls, **facts}


def test_heartbeats_that_were_due_in_a_block_are_counted() -> None:
    account = Account(0.1, 0.25)
    assert account.missed(10.125, 9.0) == 0  # it was not connected
    account.connected(9.0)
    account.beat(10.0)
    assert account.missed(10.125, 0.0625) == 0  # the next one is due at 10.25
    assert account.missed(10.125, 0.25) == 1
    assert account.missed(10.125, 0.5) == 2
    account.beat(11.0)
    assert account.missed(10.125, 0.5) == 2  # what came later does not matter


def test_only_a_block_that_is_certain_and_of_a_connected_bot_counts() -> None:
    account = Account(0.1, 0.2)
    assert account.add(message()) is None
    account.connected(11.0)
    assert account.add(message()) is None
    assert (account.early, account.longest_early) == (2, 0.5)
    assert account.add(message(began=12.0)) is not None
    assert account.add(message(began=13.0, seconds=0.09, doubt=0.4)) is not None
    account.ends(14.0)
    assert account.add(message(began=14.5)) is None
    (line,) = account.lines()
    assert line.call == Call("/home/bot.py", 7, "b")
    assert (line.times, line.total, account.doubtful) == (1, 0.5, 1)


def test_the_worst_line_comes_first_and_adds_up() -> None:
    account = Account(0.1, 0.2)
    account.connected(1.0)
    for seconds in (0.2, 0.3):
        account.add(message(seconds=seconds, doing=f"task {seconds}"))
    account.add(message(seconds=0.4, calls=[["/elsewhere/x.py", 1, "x"]]))
    account.add(message(seconds=0.15, calls=[]))
    found = account.to_plain(Path("/home"))["lines"]
    assert [(line["file"], line["line"], line["times"]) for line in found] == [
        ("/elsewhere/x.py", 1, 1),
        ("bot.py", 7, 2),
        ("", 0, 1),
    ]
    assert found[1]["doing"] == ["task 0.2", "task 0.3"]
    assert found[1]["longest"] == 0.3
    assert found[1]["total"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "for 500 ms (limit 100 ms), in task a\nbot.py:3 in a\nbot.py:7 in b"),
        ({"kind": "gil", "calls": [], "doing": ""}, "; a thread kept the GIL, as long calls into"),
        ({"kind": "garbage"}, "in task a; Python searched for garbage"),
        ({"own": False, "library": "discord"}, "in the library discord; no line of your own was"),
        ({"library": "requests"}, "; your line called requests"),
        ({"seconds": 0.02, "doubt": 0.5}, "perhaps for up to 520 ms; the machine was too busy"),
    ],
)
def test_a_block_is_told_with_what_held_it(
    facts: dict[str, Any], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Teller(Path("/home"), 0.1, 0.2).held(Held.of(message(**facts)))
    said = capsys.readouterr().out.replace("\n" + " " * 21, "\n")
    assert words in said
