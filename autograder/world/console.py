"""The commands `gateway` and `world`: servers for a person at a terminal, until Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.text import Text

from autograder.outcomes import UserMistake
from autograder.text import escaped
from autograder.world.gateway.journal import Event
from autograder.world.gateway.server import GatewayServer

# Seconds between heartbeats from which the log shows each one. More often, they hide the rest.
READABLE = 5.0


def gateway(port: int | None, heartbeat: float, grace: float, jsonl: bool) -> int:
    """Serve one gateway, send each typed line as a message in #general, return the exit code.

    The gateway ends with Ctrl-C, or at the end of the input if the input is a terminal or a pipe.
    Raises UserMistake when the port is taken.
    """
    try:
        # The empty token accepts any: a bot keeps its own, and nothing leaves this machine.
        settings = {"port": port or 0, "heartbeat": heartbeat, "grace": grace, "token": ""}
        asyncio.run(
            _serve(GatewayServer(**settings), _as_json if jsonl else _for_people(heartbeat))
        )
    except KeyboardInterrupt:
        pass
    return 0


def world() -> int:
    """Keep this user's servers running, print their addresses, return the exit code."""
    from autograder import world

    async def start() -> world.Servers:
        servers = await world.start("http")
        gw = await servers.gateway()
        print(f"http     {servers.http.url}")
        print(f"gateway  {gw.ws_url}  REST {gw.rest_url}  token {gw.token}")
        print("Press Ctrl-C to end them.", flush=True)
        return servers

    try:
        servers = asyncio.run(start())
        while True:
            servers.http.counters()  # raises WorldEnded when the supervisor has died
            time.sleep(1)
    except KeyboardInterrupt:
        return 0


async def _serve(one: GatewayServer, show: Callable[[Event], None]) -> None:
    one.follow(show)
    await one.start()
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def typed(line: str | None) -> None:
        loop.call_soon_threadsafe(lines.put_nowait, line)

    threading.Thread(target=read_input, args=(typed,), name="keyboard", daemon=True).start()
    try:
        while (line := await lines.get()) is not None:
            await _say(one, line)
    finally:
        await one.stop()


async def _say(one: GatewayServer, line: str) -> None:
    """Send a line as a message, or, if it begins with a slash, as a command: `/report month=3`."""
    if not line.strip():
        return
    try:
        if line.startswith("/") and len(line) > 1:
            command, *options = line[1:].split()
            pairs = (option.partition("=") for option in options)
            await one.command(command, options={name: _value(text) for name, _, text in pairs})
        else:
            await one.say(line)
    except UserMistake as mistake:
        print(mistake, file=sys.stderr)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def read_input(typed: Callable[[str | None], None]) -> None:
    """Call `typed` with each line, and with None at the end of a terminal's or a pipe's input.

    This does not use `sys.stdin`: a thread that holds its lock disturbs the interpreter's exit.
    """
    rest = b""
    try:
        while data := os.read(0, 4096):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                typed(line.decode(errors="replace").rstrip("\r"))
        if rest:
            typed(rest.decode(errors="replace"))
        if stat.S_ISCHR(os.fstat(0).st_mode) and not os.isatty(0):
            return  # /dev/null: a service without a keyboard runs on
    except OSError:
        return  # there is no input, or the terminal belongs to another process
    typed(None)


def _as_json(event: Event) -> None:
    print(json.dumps(event), flush=True)


def _for_people(heartbeat: float) -> Callable[[Event], None]:
    console = Console(highlight=False, soft_wrap=True)

    def show(event: Event) -> None:
        told = describe(event, heartbeat)
        if told is not None:
            who, what, style = told
            clock = Text(f"{event['t']:9.3f}  ", style="dim")
            console.print(clock, Text(f"{who:<8}", style="bold"), Text(what, style=style), sep="")

    return show


def describe(event: Event, heartbeat: float) -> tuple[str, str, str] | None:
    """Return one line of the log as (who, what, style); None for an event without a line."""
    kind = event["event"]
    if kind == "listening":
        return "gateway", _welcome(event, heartbeat), ""
    if kind not in LINES or (kind == "heartbeat" and heartbeat < READABLE):
        return None
    # A bot's words may contain escape sequences, which a terminal must not obey.
    told = {k: escaped(value) if isinstance(value, str) else value for k, value in event.items()}
    told["busy"] = f", last given {told['handling']!r}" if told.get("handling") else ""
    channel = str(told.get("channel") or "")
    told["where"] = f"{'' if channel.startswith('@') else '#'}{channel}  " if channel else ""
    what, style = LINES[kind]
    who = told.get("author") or (f"bot {event['bot']}" if event["bot"] else kind)
    return str(who), what.format_map(told), style


LINES = {
    "identify": ("identifies itself as {name}, with {library}", ""),
    "ready": ("is ready", "green"),
    "heartbeat": ("heartbeat, {gap:.2f} s after the one before", "dim"),
    "say": ("{where}{content}", "cyan"),
    "reply": ("{where}{content}", "green"),
    "interaction": ("{said}", "cyan"),
    "act": ("{said}", "cyan"),
    "deferred": ("{said}: deferred after {seconds:.2f} s", ""),
    "modal": ("{said}: opens a modal, {content}", "green"),
    "choices": ("{said}: suggests {content}", "green"),
    "followup": ("{said}: {content}  (after {seconds:.2f} s)", "green"),
    "edit": ("{where}{content}  (edited)", "green"),
    "late": ("heartbeat late: silent for {gap:.2f} s{busy}", "yellow"),
    "killed": (
        "disconnected by the gateway ({code}): silent for {gap:.2f} s{busy}",
        "bold red",
    ),
    "resumed": ("resumed; {replayed} missed events replayed", "green"),
    "invalid_session": ("cannot resume: its session is gone", "yellow"),
    "closed": ("connection closed by the {by}, code {code}", "yellow"),
    "refused": ("refused with {code}", "red"),
    "unserved": ("your bot called {call}: this gateway does not serve it", "bold yellow"),
    "limited": ("sends too fast: has to wait {retry_after:.2f} s", "yellow"),
    "hint": ("{text}", "magenta"),
}


# The gateway accepts any token, but hikari reads the bot's id out of the token before it connects.
# This one has the form of Discord's: the id 500000000000000000 in base64, a dot, and more.
TOKEN = "NTAwMDAwMDAwMDAwMDAwMDAw.local.bot"
POINTING = {
    "discord.py": (
        "import discord.gateway, discord.http, yarl",
        'discord.http.Route.BASE = "{rest}"',
        'discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL("{ws}")',
    ),
    "hikari": (
        "import hikari",
        'bot = hikari.GatewayBot("{token}", rest_url="{rest}")',
        "bot.run(check_for_updates=False)",
    ),
    "nextcord": ("import nextcord.http", 'nextcord.http.Route.BASE = "{rest}"'),
    "disnake": ("import disnake.http", 'disnake.http.Route.BASE = "{rest}"'),
    "py-cord": ("import discord.http", 'discord.http.Route.API_BASE_URL = "{rest}"'),
}


def pointing(rest: str, ws: str) -> dict[str, list[str]]:
    """Return for each library the lines that point a bot at these addresses."""
    return {
        library: [line.format(rest=rest, ws=ws, token=TOKEN) for line in lines]
        for library, lines in POINTING.items()
    }


def _welcome(event: Event, heartbeat: float) -> str:
    rest, ws = event["rest_url"], event["ws_url"]
    table = "\n".join(
        f"  {'' if number else library:<12}{line}"
        for library, lines in pointing(rest, ws).items()
        for number, line in enumerate(lines)
    )
    return f"""\
listening: REST {rest}, gateway {ws}
It needs a heartbeat every {heartbeat:g} s and takes any token; hikari accepts only this form:
  {TOKEN}
Put the lines of your library before the line that starts your bot (hikari's make and start it):
{table}
What you type is sent to #general; /name runs a slash command. Press Ctrl-C to end."""
