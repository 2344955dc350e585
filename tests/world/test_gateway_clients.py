"""Unmodified Discord libraries live, die and resume on our gateway: one table of scenarios for all.

discord.py runs in this environment; the others where `$UNBLOCKED_CLIENTS/<library>/bin/python` is
(tests/clients/README.md). A bot is a process of its own, so that its blocking cannot reach the
test; the gateway's journal is the witness.

The gateway beats every 0.2 s. In the course it kills after 0.4 s of silence. The worst overshoot of
a healthy bot with 6 hogs on 2 cores was 52 ms, but in a whole run of the suite 0.4 s was once too
little, and any process may get no CPU for a second. So here the gateway waits for 1.2 s or more,
and a block that it must notice lasts for a second more. hikari reconnects when an ACK does
not come before its next heartbeat: where that would count, there are 1.2 s between two.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from side_by_side import side_by_side
from warm import Run, Warm

from autograder import world
from autograder.world import console

HERE = Path(__file__).parents[1] / "clients"
LIBRARIES = ("discord", "hikari", "nextcord", "disnake", "pycord")
PATIENCE = 20.0  # s; hikari backs off for 1-1.5 s before it resumes, starved machines take longer

Bot = world.Gateway  # a scenario talks to the bot through its gateway


def python_of(library: str) -> str:
    """Return the interpreter that has the library, or skip with what would provide it."""
    if library == "discord":
        return sys.executable
    root = os.environ.get("UNBLOCKED_CLIENTS")
    path = Path(root or "") / library / "bin" / "python"
    if root is None or not path.exists():
        pytest.skip(f"{library} has no environment: see tests/clients/README.md")
    return str(path)


_warm: dict[str, Warm] = {}  # the bots of the libraries that are here, with their imports made


@asynccontextmanager
async def bot_of(library: str, gw: world.Gateway, token: str | None = None) -> AsyncIterator[Run]:
    """Run the library's bot in a process of its own, for the length of the block."""
    python_of(library)  # or skip
    arguments = gw.rest_url, gw.ws_url, token or gw.token
    bot = await asyncio.to_thread(_warm[library].run, *arguments)
    try:
        yield bot
    except BaseException as error:
        error.add_note(await asyncio.to_thread(bot.kill))
        raise
    await asyncio.to_thread(bot.kill)


@asynccontextmanager
async def living(library: str, **settings: Any) -> AsyncIterator[world.Gateway]:
    """A gateway of our own with the library's bot connected to it."""
    servers = await world.start()
    gw = await servers.gateway(**{"heartbeat": 0.2, "grace": 8, **settings})
    async with bot_of(library, gw):
        assert await gw.until(ready=1, timeout=PATIENCE), gw.log
        await gw.say("!say hello")
        assert await gw.until(replies=1, timeout=PATIENCE), gw.log
        yield gw
    await gw.close()


def events(gw: world.Gateway, *names: str) -> list[dict[str, Any]]:
    return [event for event in gw.log if event["event"] in names]


async def answers(library: str) -> None:
    async with living(library) as gw:
        await gw.say("!say in a channel", author="bo", channel="games")
        await gw.say("!say in private", author="cy", channel=None)
        assert await gw.until(replies=3, timeout=PATIENCE)
        assert sorted(gw.replies) == ["hello", "in a channel", "in private"]
        channels = {event["channel"] for event in events(gw, "reply")}
        assert channels == {"general", "games", "@cy"}


async def is_killed_when_it_blocks_and_gets_late_events_once(library: str) -> None:
    async with living(library, heartbeat=0.3, grace=4) as gw:
        await gw.say("!block 2.5")
        assert await gw.until(kills=1, timeout=PATIENCE)
        for number in range(3):
            await gw.say(f"!say late {number}")
        assert await gw.until(resumes=1, replies=5, timeout=PATIENCE), gw.log
        # Each reply is a request of its own: their order is not promised, their number is.
        assert sorted(gw.replies[1:]) == ["blocked", "late 0", "late 1", "late 2"]
        (killed,) = events(gw, "killed")
        assert killed["code"] == 4009
        assert 1.2 <= killed["gap"] < 2.5, killed  # 1.21 is usual; at 2.5 the block is over
        assert killed["handling"] == "!block 2.5"
        assert gw.kills == 1


async def survives_when_it_awaits(library: str) -> None:
    # With a patience of 0.4 s nextcord was hung up on beside other work (once at load 7). Here it
    # is 2.4 s: one that blocks for 3 s would be.
    async with living(library, heartbeat=1.2, grace=2) as gw:
        await gw.say("!wait 3")
        await gw.say("!say meanwhile")
        assert await gw.until(replies=3, timeout=PATIENCE)
        assert gw.replies == ["hello", "meanwhile", "waited"]
        assert gw.kills == gw.resumes == 0


async def leaves_a_zombie(library: str) -> None:
    async with living(library, heartbeat=0.4, grace=4) as gw:
        await gw.faults(acks=False)
        assert await gw.until(resumes=1, timeout=PATIENCE)  # by itself: nobody closed anything
        await gw.faults()
        assert gw.kills == 0
        assert len(events(gw, "ready")) == 1
        await gw.say("!say again")
        assert await gw.until(replies=2, timeout=PATIENCE)


async def reconnects_when_told_to(library: str) -> None:
    async with living(library) as gw:
        await gw.reconnect()
        assert await gw.until(resumes=1, timeout=PATIENCE)
        await gw.say("!say again")
        assert await gw.until(replies=2, timeout=PATIENCE)


async def identifies_anew_when_its_session_is_over(library: str) -> None:
    async with living(library, heartbeat=1.2, grace=2) as gw:
        await gw.invalidate()
        assert await gw.until(ready=2, timeout=PATIENCE)
        assert gw.resumes == 0
        await gw.say("!say again")
        assert await gw.until(replies=2, timeout=PATIENCE)


async def resumes_after_every_kind_of_loss(library: str) -> None:
    async with living(library) as gw:
        for number, code in enumerate((None, 4000, 4009), start=1):
            await gw.drop(code)
            await gw.say(f"!say lost {number}")
            assert await gw.until(resumes=number, replies=number + 1, timeout=PATIENCE), gw.log
        assert gw.replies == ["hello", "lost 1", "lost 2", "lost 3"]
        assert len(events(gw, "ready")) == 1


async def honours_the_limit_on_sends(library: str) -> None:
    # The wait of nearly 2 s is longer than a client may be silent, which is 1.6 s here.
    async with living(library, sends=2, sends_window=2.0, heartbeat=0.4, grace=4) as gw:
        for number in range(4):
            await gw.say(f"!say {number}")
        assert await gw.until(replies=5, timeout=PATIENCE), gw.log
        assert sorted(gw.replies) == ["0", "1", "2", "3", "hello"]
        assert gw.kills == 0  # waiting for the limit is no reason to miss a heartbeat


async def is_refused_with_a_wrong_token(library: str) -> None:
    servers = await world.start()
    gw = await servers.gateway()
    async with bot_of(library, gw, token=f"{gw.token}x") as process:
        assert await asyncio.to_thread(process.wait, PATIENCE) != 0
    assert {event["code"] for event in events(gw, "refused")} == {401}
    assert not await gw.until(ready=1, timeout=0.1)
    await gw.close()


async def shares_the_gateway_with_others(library: str) -> None:
    settled = living(library, heartbeat=1.2, grace=2)
    async with settled as gw, bot_of("discord", gw, token=f"{gw.token}.second"):
        assert await gw.until(ready=2, timeout=PATIENCE)
        await gw.say("!say both")
        assert await gw.until(replies=3, timeout=PATIENCE)
        assert {event["bot"] for event in events(gw, "reply")[1:]} == {1, 2}
        assert gw.connected == 2


SCENARIOS = (
    answers,
    is_killed_when_it_blocks_and_gets_late_events_once,
    survives_when_it_awaits,
    leaves_a_zombie,
    reconnects_when_told_to,
    identifies_anew_when_its_session_is_over,
    resumes_after_every_kind_of_loss,
    honours_the_limit_on_sends,
    is_refused_with_a_wrong_token,
    shares_the_gateway_with_others,
)


Outcomes = Callable[[pytest.FixtureRequest], Any]


@pytest.fixture(scope="module", autouse=True)
def own_world() -> Iterator[None]:
    world.private()
    yield
    world.leave()


@pytest.fixture(scope="module")
def lived(own_world: None, request: pytest.FixtureRequest) -> Iterator[Outcomes]:
    """The scenarios, four at a time: they mostly wait."""
    for library in LIBRARIES:
        with contextlib.suppress(pytest.skip.Exception):
            _warm[library] = Warm(python_of(library), HERE / f"{library}_bot.py")
    for program in _warm.values():
        program.ready()  # or the imports would be in the way of the first scenarios

    def live(library: str, scenario: Callable[[str], Coroutine[Any, Any, None]]) -> None:
        run(scenario(library))

    with side_by_side(request, "test_a_bot", live, lanes=4) as of:
        yield of
    while _warm:
        _warm.popitem()[1].close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_bot(
    library: str, scenario: Any, lived: Outcomes, request: pytest.FixtureRequest
) -> None:
    lived(request)


# What a person needs besides the printed lines; hikari's start the bot themselves.
STARTERS = {
    "discord.py": "discord.Client(intents=discord.Intents.default()).run({token!r})",
    "hikari": "",
    "nextcord": "nextcord.Client(intents=nextcord.Intents.default()).run({token!r})",
    "disnake": "disnake.Client(intents=disnake.Intents.default()).run({token!r})",
    "py-cord": "discord.Client(intents=discord.Intents.default()).run({token!r})",
}


@pytest.mark.parametrize("library", console.POINTING)
def test_the_lines_that_the_gateway_prints_are_a_program(library: str) -> None:
    """A real bot, pasted together from nothing but these lines, logs in with the printed token."""
    folder = {"discord.py": "discord", "py-cord": "pycord"}.get(library, library)
    python = python_of(folder)

    async def logs_in() -> None:
        servers = await world.start()
        gw = await servers.gateway(heartbeat=5, token="")
        lines = [*console.pointing(gw.rest_url, gw.ws_url)[library]]
        lines.append(STARTERS[library].format(token=console.TOKEN))
        process = await asyncio.create_subprocess_exec(python, "-c", "\n".join(lines))
        try:
            # It makes its imports first, 0.7 s of CPU.
            assert await gw.until(ready=1, timeout=2 * PATIENCE), gw.log
        finally:
            process.kill()
            await process.wait()

    run(logs_in())


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_reads_back_what_it_writes_with_its_own_methods(library: str) -> None:
    """Every answer and every event is read by the library; its log complains of nothing."""
    python, script = python_of(library), "hikari_families" if library == "hikari" else "families"

    async def calls() -> None:
        servers = await world.start()
        gw = await servers.gateway(heartbeat=5)
        arguments = str(HERE / f"{script}.py"), gw.rest_url, gw.ws_url, gw.token
        process = await asyncio.create_subprocess_exec(
            python, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            output, errors = await asyncio.wait_for(process.communicate(), 40)
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()
        assert process.returncode == 0, errors.decode()
        told = json.loads(output.splitlines()[-1])
        assert told["failed"] == {}, "\n".join(told["failed"].values())
        assert (told["complaints"], told["missed"]) == ([], [])
        assert events(gw, "unserved") == []

    run(calls())


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 60))
