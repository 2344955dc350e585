"""What several lessons share: a bot, people who talk to it, and how their evening is told.

    from autograder.lessons import evening, judge, make_bot, tell

    chat = [(0.3, "ada", "!roll 2d6"), (0.5, "ada", "!goodnight")]
    gw, report = await evening(make_bot(roll), chat)
    tell(gw)
    judge(report, gw)

Unit 03 has these functions in its cells, where learners read how they are made. Learners keep their
copies of a lesson for years, so a name that is here stays here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import discord
from discord.ext import commands

from autograder import world
from autograder.monitor.watch import watch
from autograder.outcomes import Inconclusive, Outcome
from autograder.report.report import Report
from autograder.world.handles import Gateway

__all__ = ["evening", "judge", "make_bot", "tell"]

Line = tuple[float, str, str]  # seconds after the line before, who, what
People = Callable[[Gateway], Awaitable[object]]

_LONGEST = 20.0  # s, of an evening; the longest of a lesson waits 18 s for its replies
_LIMIT = 0.1  # s
_TOLD = {
    "say": "{author:8} {content}",
    "reply": "bot      {content}",
    "killed": "gateway  hangs up with {code}: no heartbeat for {gap:.2f} s",
    "resumed": "bot      is back and RESUMEs",
    "interaction": "{author:8} {said}",
    "deferred": "bot      {said}: thinking ...",
    "followup": "bot      {said}: {content}",
    "refused": "gateway  {said}: Unknown interaction, {seconds:.2f} s after Enter",
}


def make_bot(*functions: Callable[..., Coroutine[Any, Any, None]]) -> commands.Bot:
    """Return a discord.py bot with these functions as its commands; `!goodnight` ends it."""
    bot = commands.Bot("!", intents=discord.Intents.all(), help_command=None)
    for function in functions:
        bot.command()(function)

    @bot.command()
    async def goodnight(ctx: commands.Context[Any]) -> None:
        await bot.close()

    return bot


async def evening(
    bot: commands.Bot, chat: Sequence[Line] | People, **settings: Any
) -> tuple[Gateway, Report]:
    """Run a bot on a watched loop while people talk to it; return the gateway and the report.

    `chat` lists (seconds after the line before, who, what); a line that begins with a slash is a
    slash command. Where that is not enough, `chat` is a coroutine function that is given the
    gateway, and does what people do. One of them must say `!goodnight`. `settings` are those of
    `servers.gateway`: by default a heartbeat is due every 0.2 s, and the gateway closes the
    connection after 0.4 s without one. A bot has one evening: its end closes it.
    """
    servers = await world.start()
    gw = await servers.gateway(**{"heartbeat": 0.2, "grace": 2} | settings)
    world.point(gw)

    async def bot_life() -> None:
        async with bot:
            await bot.start(gw.token)

    async def people() -> None:
        await gw.until(ready=1)
        await (chat(gw) if callable(chat) else _talk(gw, chat))

    report, _ = await asyncio.gather(watch(bot_life, timeout=_LONGEST), people())
    return gw, report


async def _talk(gw: Gateway, chat: Sequence[Line]) -> None:
    for pause, who, line in chat:
        await asyncio.sleep(pause)
        if line.startswith("/"):
            await gw.interact(line[1:], user=who)
        else:
            await gw.say(line, author=who)


def tell(gw: Gateway, hearts: bool = False) -> None:
    """Print what people and the bot said, and what the gateway did, with seconds from the first.

    With `hearts`, also print a heart for each heartbeat.
    """
    began, beats = None, ""
    for event in gw.log:
        if event["event"] == "heartbeat" and hearts:
            beats += "♥ "
        elif event["event"] in _TOLD:
            if beats:
                print(f"{'':10}bot      {beats}")
            began, beats = event["t"] if began is None else began, ""
            print(f"{event['t'] - began:6.2f} s  {_TOLD[event['event']].format(**event)}")


def judge(report: Report, gw: Gateway | None = None) -> None:
    """Show the chart of a run, and print the verdict when the loop was held for 100 ms or longer.

    With a gateway, the verdict also says whether the bot kept its connection.
    """
    from IPython.display import display

    try:
        display(report.responsive(_LIMIT, gateway=gw))  # type: ignore[no-untyped-call]
    except (Outcome, Inconclusive) as verdict:  # its chart was shown before it was raised
        print(verdict)
