"""discord.py, unmodified, pointed at our gateway by `world.point`, as the lessons do it.

The bot runs on a loop in a thread of its own: its blocking must not block the test. A healthy bot's
heartbeats were late by 52 ms at most with 6 hogs on 2 cores; but a process may get no CPU for a
second, the bot's or the gateway's. So where kills are counted the gateway waits for 1.5 s, and a
block lasts for 2.8 s: it is killed in the middle of it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import discord
import discord.gateway
import discord.http
import pytest
import yarl
from discord import app_commands

from autograder import world
from autograder.outcomes import UserMistake

Work = Callable[[str], Awaitable[str]]


# The same again: the scenarios of test_gateway_clients.py prove it as well, for five libraries.
ATTEMPTS = [0, *(pytest.param(number, marks=pytest.mark.soak) for number in range(1, 5))]


@pytest.fixture(scope="module", autouse=True)
def own_world() -> Iterator[None]:
    """One private world for the module; each test has a gateway of its own."""
    world.private()
    yield
    world.leave()


@pytest.fixture(autouse=True)
def discord_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    socket = discord.gateway.DiscordWebSocket
    monkeypatch.setattr(socket, "DEFAULT_GATEWAY", socket.DEFAULT_GATEWAY)


def bot_that(work: Work) -> discord.Client:
    """A bot that answers `!roll NdM` with what `work` returns, and `/report` after deferring."""
    intents = discord.Intents.default()
    intents.message_content = True
    client = discord.Client(intents=intents, guild_ready_timeout=0.0)
    commands = app_commands.CommandTree(client)

    @client.event
    async def on_message(message: discord.Message) -> None:
        if message.content.startswith("!roll"):
            await message.channel.send(await work(message.content))

    @commands.command(name="report", description="Work, then answer")
    async def report(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        await interaction.followup.send(await work("report"))

    @commands.command(name="ask", description="Ask with a button that opens a modal")
    async def ask(interaction: discord.Interaction, whom: str) -> None:
        view = discord.ui.View()
        button: Any = discord.ui.Button(label="Answer")
        button.callback = opened
        view.add_item(button)
        await interaction.response.send_message(f"well, {whom}?", view=view)
        await work("asked")

    async def opened(click: discord.Interaction) -> None:
        await click.response.send_modal(Answer(work))
        await work("opened")

    @client.event
    async def on_reaction_add(reaction: discord.Reaction, user: discord.Member) -> None:
        await reaction.message.edit(content=f"{user.name} {reaction.emoji}")

    return client


class Answer(discord.ui.Modal, title="Well?"):
    """Asks for a text, and puts what `work` makes of it in the place of the question."""

    words: Any = discord.ui.TextInput(label="Your answer")

    def __init__(self, work: Work) -> None:
        super().__init__()
        self.work = work

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content=await self.work(self.words.value))


@asynccontextmanager
async def running(work: Work, **settings: Any) -> AsyncIterator[world.Gateway]:
    servers = await world.start()
    gw = await servers.gateway(**{"heartbeat": 1.0, "grace": 2, **settings})
    world.point(gw)
    client = bot_that(work)

    def live() -> None:
        asyncio.run(client.start(gw.token))

    thread = threading.Thread(target=live, name="bot")
    thread.start()
    try:
        assert await gw.until(ready=1, timeout=60)
        yield gw
    finally:
        asyncio.run_coroutine_threadsafe(client.close(), client.loop)
        await asyncio.to_thread(thread.join, 10)
        await gw.close()


async def blocking(command: str) -> str:
    if command == "!roll 1":
        time.sleep(2.8)
    return f"rolled {command}"


async def awaiting(command: str) -> str:
    if command == "!roll 1":
        await asyncio.sleep(2.0)
    return f"rolled {command}"


def test_point_needs_what_discord_py_does_not_promise() -> None:
    # When one of these fails, discord.py has changed: see the reason of its pin.
    assert discord.http.Route.BASE == "https://discord.com/api/v10"
    assert isinstance(discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY, yarl.URL)
    world.point(SimpleNamespace(rest_url="http://127.0.0.1:1/api/v10", ws_url="ws://127.0.0.1:1"))
    assert discord.http.Route("GET", "/users/@me").url == "http://127.0.0.1:1/api/v10/users/@me"
    assert yarl.URL("ws://127.0.0.1:1") == discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY


def test_point_says_when_discord_py_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(discord.http.Route, "BASE")
    with pytest.raises(UserMistake, match=r"use 2\.7"):
        world.point(SimpleNamespace(rest_url="", ws_url=""))


@pytest.mark.slow
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_blocking_bot_is_killed_and_gets_the_late_events_once(attempt: int) -> None:
    async def check() -> None:
        async with running(blocking, heartbeat=0.3, grace=5) as gw:
            for number in range(4):
                await gw.say(f"!roll {number}")
            assert await gw.until(kills=1)
            await gw.say("!roll 4")
            assert await gw.until(replies=5, resumes=1), gw.log
            # Each reply is a request of its own: their order is not promised, their number is.
            assert sorted(gw.replies) == [f"rolled !roll {number}" for number in range(5)]
            assert (gw.kills, gw.resumes) == (1, 1)
            (killed,) = (event for event in gw.log if event["event"] == "killed")
            assert killed["code"] == 4009
            assert 1.5 <= killed["gap"] < 2.8  # while it was blocked
            ready = [event for event in gw.log if event["event"] == "ready"]
            assert len(ready) == 1  # resumed, not begun anew

    asyncio.run(check())


@pytest.mark.slow
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_an_awaiting_bot_survives(attempt: int) -> None:
    async def check() -> None:
        async with running(awaiting, heartbeat=0.3, grace=5) as gw:
            for number in range(4):
                await gw.say(f"!roll {number}")
            assert await gw.until(replies=4)
            assert gw.replies[-1] == "rolled !roll 1"  # the others did not wait for it
            assert (gw.kills, gw.resumes) == (0, 0)
            gaps = [event["gap"] for event in gw.log if event["event"] == "heartbeat"]
            assert max(gaps) < 1.5

    asyncio.run(check())


def test_a_deferred_report_is_answered_after_the_deadline() -> None:
    async def work(command: str) -> str:
        await asyncio.sleep(2.8)
        return "the report"

    async def check() -> None:
        # Time to defer in, also for a process that gets no CPU for a second.
        async with running(work, interaction_deadline=2.5) as gw:
            await gw.interact("report", user="ada")
            assert await gw.until(followups=1)
            told = [e["event"] for e in gw.log if e.get("name") == "report"]
            assert told == ["interaction", "deferred", "acknowledged", "followup"]
            assert gw.replies == ["the report"]

    asyncio.run(check())


@pytest.mark.slow
def test_a_report_that_blocks_before_it_defers_is_refused_like_at_discord() -> None:
    released = threading.Event()

    async def held(command: str) -> str:
        released.wait(20)  # on the loop that should answer the command
        return f"rolled {command}"

    async def check() -> None:
        async with running(held, interaction_deadline=0.3) as gw:
            await gw.say("!roll 1")
            await gw.interact("report")
            await asyncio.sleep(0.5)
            released.set()
            async with asyncio.timeout(20):
                # `until` does not count them.
                while not (refusals := [e for e in gw.log if e["event"] == "refused"]):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            assert not await gw.until(deferred=1, timeout=0.1)
            (refused,) = refusals
            assert refused["code"] == 10062
            assert refused["seconds"] > 0.3

    asyncio.run(check())


@pytest.mark.slow
def test_people_act_and_each_interaction_is_acknowledged() -> None:
    registered = {"asked": threading.Event(), "opened": threading.Event()}

    async def work(command: str) -> str:
        if command in registered:
            registered[command].set()
        return f"rolled {command}"

    async def until(what: str) -> None:
        """Wait until discord.py hears of the button or the modal that it has sent.

        People wait for a quarter of a second; a process without a CPU may need longer.
        """
        assert await asyncio.to_thread(registered[what].wait, 20)

    async def check() -> None:
        async with running(work) as gw:
            await gw.command("ask", options={"whom": "bo"})
            await until("asked")
            clicked = await gw.click("Answer", user="bo")
            await until("opened")
            filled = await gw.fill({"Your answer": "yes"}, user="bo")
            with pytest.raises(UserMistake, match="the bot has opened no modal for ada"):
                await gw.fill({"Your answer": "no"})
            await gw.react(None, "👍", user="cy")
            assert await gw.until(edits=2, acknowledged=3)
            edits = [event["content"] for event in gw.log if event["event"] == "edit"]
            assert edits == ["rolled yes", "cy 👍"]  # of the message that was clicked
            told = {e["interaction"]: e["type"] for e in gw.log if e["event"] == "acknowledged"}
            assert told[clicked] == 9
            assert told[filled] == 6
            assert gw.replies == ["well, bo?"]

    asyncio.run(check())
