"""What people say to a bot: the lines that are typed at the prompt, or that a script has.

`parse` reads a line; `Talk.do` carries it out on the gateway. Both raise UserMistake with a
sentence that says what to write instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shlex
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from autograder.outcomes import UserMistake
from autograder.world.gateway.journal import Event
from autograder.world.gateway.payloads import Json
from autograder.world.gateway.server import GatewayServer

HELP = """\
ada: hi                        ada says something in #general
bo in #games: !roll 2d6        bo says something in #games
dm cy: help                    cy writes to the bot directly; @bot mentions it
/weather city=Oslo days:3      ada uses a slash command; `bo in #games: /weather ...` works, too
wait 2                         wait for 2 seconds
expect "pong" within 1         the bot must have said this since the last line to it, or within 1 s
drop, reconnect, invalidate    end its connection; ask it to reconnect; end its session
help, quit                     this list; end the run (a line that begins with # does nothing)"""
MOST = 1000  # answers that `expect` looks at
PATIENCE = 5.0  # s: `expect` without a time; a bot also registers its commands within this time
FAULTS = ("drop", "reconnect", "invalidate")
_WHO = re.compile(r"(?:dm\s+(?P<dm>\w+)|(?P<who>\w+)(?:\s+in\s+#?(?P<channel>[\w-]+))?)\s*:\s*")
_EXPECT = re.compile(r"""expect\s+(["'])(?P<text>.+)\1(?:\s+within\s+(?P<within>[\d.]+))?\s*""")
_OPTION = re.compile(r"([\w-]+)[=:](.*)", re.DOTALL)
_NUMBERS: dict[int, type] = {4: int, 10: float}
_YES_NO = {"true": True, "yes": True, "false": False, "no": False}
_BOOLEAN, _USER, _CHANNEL, _GROUPS = 5, 6, 7, (1, 2)


@dataclass(frozen=True)
class Say:
    """Somebody says something; `channel` None: directly to the bot."""

    content: str
    author: str = "ada"
    channel: str | None = "general"


@dataclass(frozen=True)
class Slash:
    """Somebody uses a slash command; `options` as written."""

    command: str
    options: tuple[tuple[str, str], ...]
    author: str = "ada"
    channel: str = "general"


@dataclass(frozen=True)
class Wait:
    """Nothing happens for a time."""

    seconds: float


@dataclass(frozen=True)
class Expect:
    """The bot must say a text within a time."""

    text: str
    within: float


@dataclass(frozen=True)
class Word:
    """A line of one word: `help`, `quit`, or one of FAULTS."""

    name: str


Line = Say | Slash | Wait | Expect | Word


@dataclass(frozen=True)
class Expectation:
    """What became of an `expect`; `seconds` is how long it took, or how long we waited."""

    text: str
    within: float
    met: bool
    seconds: float


def read(script: str) -> list[tuple[int, Line]]:
    """Return the lines of a script file, each with its number."""
    try:
        text = Path(script).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserMistake(f"--script {script} cannot be read: {error}.") from None
    found = []
    for number, written in enumerate(text.splitlines(), 1):
        try:
            line = parse(written)
        except UserMistake as mistake:
            raise UserMistake(f"{script}, line {number}: {mistake}") from None
        if line is not None:
            found.append((number, line))
    return found


def parse(written: str) -> Line | None:
    """Return what a line says; None for an empty one and for a comment, which begins with `#`."""
    text = written.strip()
    first = text.split(maxsplit=1)[0] if text else "#"
    if first.startswith("#"):
        return None
    if text in ("help", "quit", *FAULTS):
        return Word(text)
    if first == "wait":
        return Wait(_seconds(text[4:].strip(), "wait 2"))
    if first == "expect":
        return _expect(text)
    if text.startswith("/"):
        return _slash(text, "ada", "general")
    who = _WHO.match(text)
    if who is not None:
        return _said(text[who.end() :], who["dm"] or who["who"], who["channel"], dm=bool(who["dm"]))
    if not first[0].isalnum():  # `!roll`, `@bot hi`: a prefix says that it is meant for the bot
        return Say(text)
    raise UserMistake(f"`{text}` is not a line of `help`: write `ada: {text}` to say it.")


def _said(content: str, author: str, channel: str | None, *, dm: bool) -> Line:
    if not content:
        raise UserMistake(f"{author} says nothing: write something behind the colon.")
    if dm:
        return Say(content, author, None)
    if content.startswith("/"):
        return _slash(content, author, channel or "general")
    return Say(content, author, channel or "general")


def _expect(text: str) -> Expect:
    found = _EXPECT.fullmatch(text)
    if found is None:
        raise UserMistake(f'`{text}`: write `expect "pong" within 1`, with the text in quotes.')
    within = found["within"]
    example = 'expect "pong" within 1'
    return Expect(found["text"], PATIENCE if within is None else _seconds(within, example))


def _seconds(text: str, example: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise UserMistake(f"`{text}` is not a number of seconds up to 3600: write `{example}`.")
    return seconds


def _slash(text: str, author: str, channel: str) -> Slash:
    try:
        command, *words = shlex.split(text[1:]) or [""]
    except ValueError:
        raise UserMistake(f"`{text}`: a quotation mark is not closed.") from None
    options = []
    for word in words:
        option = _OPTION.fullmatch(word)
        if option is None:
            raise UserMistake(f"`{word}` names no option of /{command}: write NAME={word}.")
        options.append((option[1], option[2]))
    return Slash(command, tuple(options), author, channel)


class Talk:
    """The conversation with one bot, on its gateway."""

    def __init__(self, gateway: GatewayServer) -> None:
        self._gateway = gateway
        # What it said since the last line to it: (id, content).
        self._answers: deque[tuple[str, str]] = deque(maxlen=MOST)
        self._heard = asyncio.Event()
        gateway.follow(self._hear)

    async def do(self, line: Line) -> Expectation | None:
        """Carry out a line; return what became of it if it is an `expect`."""
        match line:
            case Wait():
                await asyncio.sleep(line.seconds)
            case Expect():
                return await self._expect(line)
            case Say():
                if not self._gateway.sessions_of():
                    raise UserMistake("Nobody would hear it: the bot is not connected yet.")
                self._answers.clear()
                await self._gateway.say(self._mentioned(line.content), line.author, line.channel)
            case Slash():
                self._answers.clear()
                await self._use(line)
            case Word() if line.name in FAULTS:
                await getattr(self._gateway, line.name)()
        return None

    def commands(self) -> list[str]:
        """Return the slash commands that the bots have registered: `/weather city [days]`."""
        return [_usage(command) for command in self._registered()]

    def text_of(self, message: str, content: str) -> str:
        """Return what people see of a message: its text, then its embeds and files."""
        stored = self._gateway.messages.get(message, {})
        parts = [content, *map(_embed_text, stored.get("embeds") or ())]
        parts += [f"[file: {file.get('filename', '')}]" for file in stored.get("attachments") or ()]
        parts += ["[components]"] if stored.get("components") else []
        return " ".join(filter(None, parts)) or "[neither text nor embed]"

    def _hear(self, event: Event) -> None:
        if event["event"] in ("reply", "followup", "edit"):
            self._answers.append((event["message"], event["content"] or ""))
            self._heard.set()

    async def _expect(self, line: Expect) -> Expectation:
        began = monotonic()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(line.within):
                while not self._has_said(line.text):
                    self._heard.clear()
                    await self._heard.wait()
        met = self._has_said(line.text)
        return Expectation(line.text, line.within, met, monotonic() - began)

    def _has_said(self, text: str) -> bool:
        return any(text in self.text_of(*answer) for answer in self._answers)

    def _mentioned(self, content: str) -> str:
        for bot in self._gateway.bots.values():
            content = re.sub(rf"@{re.escape(bot.account.name)}\b", f"<@{bot.account.id}>", content)
        return content

    def _registered(self) -> Iterator[Json]:
        for bot in self._gateway.bots.values():
            commands = self._gateway.commands_of(bot)
            yield from (item for item in commands if item.get("type", 1) == 1)

    async def _use(self, line: Slash) -> None:
        command = await self._command(line.command)
        declared = {option["name"]: option for option in command.get("options") or ()}
        if any(option["type"] in _GROUPS for option in declared.values()):
            raise UserMistake(
                f"/{line.command} has subcommands, which this gateway cannot send yet."
            )
        options: Json = {}
        for name, value in line.options:
            if name not in declared:
                raise UserMistake(f"/{line.command} has no option {name}: {_usage(command)}")
            options[name] = self._value(value, declared[name])
        missing = [name for name, one in declared.items() if one.get("required")]
        missing = [name for name in missing if name not in options]
        if missing:
            raise UserMistake(f"/{line.command} needs {missing[0]}=...: {_usage(command)}")
        await self._gateway.interact(line.command, line.author, line.channel, options)

    async def _command(self, name: str) -> Json:
        """Return a registered command; a bot may still be registering its commands."""
        ends = monotonic() + PATIENCE
        while True:
            found = {item["name"]: item for item in self._registered()}
            if name in found:
                return found[name]
            if monotonic() > ends:
                has = ", ".join(map(_usage, found.values()))
                raise UserMistake(
                    f"the bot has registered no command /{name}; it has {has}."
                    if has
                    else f"/{name}: the bot has registered no slash commands. Most bots do so "
                    f"with a line such as `await bot.tree.sync()`."
                )
            await asyncio.sleep(0.05)

    def _value(self, text: str, option: Json) -> Any:
        kind, name = option["type"], option["name"]
        if kind == _BOOLEAN and text.lower() in _YES_NO:
            return _YES_NO[text.lower()]
        if kind == _USER:
            return self._gateway.person(text.removeprefix("@")).id
        if kind == _CHANNEL:
            return self._gateway.channel_id(text)
        try:
            return _NUMBERS.get(kind, str)(text)
        except ValueError:
            raise UserMistake(f"{name}={text}: the bot wants a number there.") from None


def _usage(command: Json) -> str:
    options = [
        option["name"] if option.get("required") else f"[{option['name']}]"
        for option in command.get("options") or ()
    ]
    return " ".join([f"/{command['name']}", *options])


def _embed_text(embed: Json) -> str:
    fields = [f"{field.get('name')}: {field.get('value')}" for field in embed.get("fields") or ()]
    parts = [embed.get("title"), embed.get("description"), *fields]
    return f"[embed: {' '.join(str(part) for part in parts if part)}]"
