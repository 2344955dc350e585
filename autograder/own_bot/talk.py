"""Carries out the lines of a script or of the prompt (`lines.py`) on the gateway.

`Talk.do` raises UserMistake with a sentence that says what to write instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from base64 import b64encode
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from rich.emoji import Emoji, NoEmoji

from autograder.outcomes import UserMistake
from autograder.own_bot.lines import (
    FAULTS,
    Act,
    Expect,
    Line,
    Say,
    Slash,
    Suggest,
    Trouble,
    Wait,
    Word,
    pairs,
)
from autograder.world.gateway.contents import parts as parts_of
from autograder.world.gateway.journal import Event
from autograder.world.gateway.payloads import Json
from autograder.world.gateway.server import GatewayServer
from autograder.world.gateway.uses import (
    BUTTON,
    GROUP,
    KINDS_OF_OPTION,
    PATIENCE,
    PICKED,
    SUBCOMMAND,
    names_of,
    options_of,
)

MOST = 1000  # answers that `expect` looks at
_ACTS_OF_PEOPLE = ("say", "interaction", "act")  # events; what is expected comes after the last one
ANSWERS = ("reply", "followup", "edit", "modal", "choices")
_NUMBERS = {KINDS_OF_OPTION[kind]: kind for kind in (int, float)}
_YES_NO = {"true": True, "yes": True, "false": False, "no": False}
_GROUPS = (SUBCOMMAND, GROUP)


@dataclass(frozen=True)
class Expectation:
    """What became of an `expect`; `seconds` is how long it took, or how long we waited."""

    text: str
    within: float
    met: bool
    seconds: float


class Talk:
    """The conversation with one bot, on its gateway."""

    def __init__(self, gateway: GatewayServer) -> None:
        self._gateway = gateway
        # What it said since the last line to it: (id, content).
        self._answers: deque[tuple[str, str]] = deque(maxlen=MOST)
        self._faults: dict[str, float] = {}
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
                await self._gateway.say(self._mentioned(line.content), line.author, line.channel)
            case Slash():
                options = await self._options(line)
                await self._gateway.command(line.command, line.author, line.channel, options)
            case Suggest(command):
                options = await self._options(command, whole=False)
                await self._gateway.suggest(command.command, options, command.author)
            case Act():
                await self._act(line)
            case Trouble():
                await self._trouble(line)
            case Word() if line.name in FAULTS:
                await getattr(self._gateway, line.name)()
        return None

    def commands(self) -> list[str]:
        """Return the slash commands that the bots have registered: `/weather city [days]`."""
        return [_usage(one) for one in self._leaves()]

    def offers(self) -> list[str]:
        """Return lines that can be typed now: the commands, and what the shown messages offer."""
        shown = [parts_of(one["components"]) for one in self._gateway.newest_messages()]
        usable = [item for items in shown for item in items if not item.get("disabled")]
        lines = [f"/{one['name']} " for one in self._leaves()]
        lines += [f'click "{names_of(item)[0]}"' for item in usable if item["type"] == BUTTON]
        lines += [f'choose "{row["label"]}"' for item in usable for row in item.get("options", ())]
        return list(dict.fromkeys(lines))

    def _leaves(self) -> list[Json]:
        return [one for _, command in self._gateway.registered() for one in _leaves(command)]

    def text_of(self, message: str, content: str) -> str:
        """Return what people see of a message: its text, then its embeds and files."""
        stored = self._gateway.messages.get(message, {})
        parts = [content, *map(_embed_text, stored.get("embeds") or ())]
        parts += [f"[file: {file.get('filename', '')}]" for file in stored.get("attachments") or ()]
        parts += map(_component_text, parts_of(stored.get("components") or []))
        return " ".join(filter(None, parts)) or "[neither text nor embed]"

    def _hear(self, event: Event) -> None:
        if event["event"] in _ACTS_OF_PEOPLE:
            self._answers.clear()
        elif event["event"] in ANSWERS:
            self._answers.append((event.get("message", ""), event["content"] or ""))

    async def _expect(self, line: Expect) -> Expectation:
        began = monotonic()
        said = partial(self._has_said, line.text)
        met = await self._gateway.journal.when(said, line.within)
        return Expectation(line.text, line.within, met, monotonic() - began)

    async def _act(self, line: Act) -> None:
        gateway, words, who = self._gateway, line.words, line.author
        match line.word:
            case "click":
                await gateway.click(" ".join(words), who)
            case "choose":
                await gateway.choose(*words, user=who)
            case "fill":
                await gateway.fill(dict(pairs(words)), who)
            case "react":
                await gateway.react(None, _emoji(words), who)
            case "unreact":
                await gateway.unreact(None, _emoji(words), who)
            case "reply":
                await gateway.reply(self._mentioned(" ".join(words)), who)
            case "edit":
                await gateway.edit(self._mentioned(" ".join(words)), who)
            case "delete":
                await gateway.delete(who)
            case "vote":
                await gateway.vote(None, " ".join(words), who)
            case "upload":
                files = [await self._attach(words[0])]
                await gateway.say(" ".join(words[1:]), who, files=files)

    async def _trouble(self, line: Trouble) -> None:
        first, *more = line.numbers
        if line.word == "ratelimit":
            await self._gateway.ratelimit(int(first), *more)
        else:
            self._faults["delay" if line.word == "slow" else "errors"] = first
            await self._gateway.faults(**self._faults)

    def _has_said(self, text: str) -> bool:
        return any(text in self.text_of(*answer) for answer in self._answers)

    def _mentioned(self, content: str) -> str:
        for bot in self._gateway.bots.values():
            content = re.sub(rf"@{re.escape(bot.account.name)}\b", f"<@{bot.account.id}>", content)
        return content

    async def _options(self, line: Slash, whole: bool = True) -> Json:
        """Return a command's options as the gateway takes them; `whole`: none may be missing."""
        name, *path = line.command.split()
        command = await self._command(name)
        declared = {option["name"]: option for option in options_of(command, path)}
        usage = _usage({"name": line.command, "options": declared.values()})
        groups = [option for option in declared.values() if option["type"] in _GROUPS]
        if groups:
            first = groups[0]["name"]
            raise UserMistake(f"/{line.command} has subcommands: write /{line.command} {first}.")
        options: Json = {}
        for option, value in line.options:
            if option not in declared:
                raise UserMistake(f"/{line.command} has no option {option}: {usage}")
            options[option] = _value(value, declared[option])
            if PICKED.get(declared[option]["type"]) == "file":
                options[option] = await self._attach(value)
        missing = [option for option, one in declared.items() if one.get("required")]
        missing = [option for option in missing if option not in options]
        if missing and whole:
            raise UserMistake(f"/{line.command} needs {missing[0]}=...: {usage}")
        return options

    async def _attach(self, file: str) -> str:
        try:
            data = await asyncio.to_thread(Path(file).read_bytes)
        except OSError as error:
            raise UserMistake(f"{file} cannot be read: {error.strerror}.") from None
        return await self._gateway.attach(Path(file).name, b64encode(data).decode())

    async def _command(self, name: str) -> Json:
        """Return a registered command; a bot may still be registering its commands."""
        ends = monotonic() + PATIENCE
        while not (found := self._gateway.registered(name)):
            if monotonic() > ends:
                has = ", ".join(self.commands())
                raise UserMistake(
                    f"the bot has registered no command /{name}; it has {has}."
                    if has
                    else f"/{name}: the bot has registered no slash commands. Most bots do so "
                    f"with a line such as `await bot.tree.sync()`."
                )
            await asyncio.sleep(0.05)
        return found[0][1]


def _emoji(words: tuple[str, ...]) -> str:
    """Return an emoji by its name in English; other words are the name of a guild's emoji."""
    with contextlib.suppress(NoEmoji):
        return str(Emoji("_".join(words).strip(":")))
    return " ".join(words)


def _value(text: str, option: Json) -> Any:
    kind, name = option["type"], option["name"]
    if kind == KINDS_OF_OPTION[bool] and text.lower() in _YES_NO:
        return _YES_NO[text.lower()]
    try:
        return _NUMBERS.get(kind, str)(text)
    except ValueError:
        raise UserMistake(f"{name}={text}: the bot wants a number there.") from None


def _leaves(command: Json) -> Iterator[Json]:
    """Yield a command, or each of its subcommands with its whole name."""
    inside = [one for one in command.get("options") or () if one["type"] in _GROUPS]
    for one in inside:
        yield from _leaves({**one, "name": f"{command['name']} {one['name']}"})
    if not inside:
        yield command


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


def _component_text(item: Json) -> str:
    """Return what people see of a component: the label of a button, the options of a menu."""
    emoji = (item.get("emoji") or {}).get("name")
    label = " ".join(filter(None, (emoji, item.get("label") or item.get("placeholder"))))
    options = ", ".join(str(option["label"]) for option in item.get("options") or ())
    shown = ": ".join(filter(None, (label, options)))
    return str(item.get("content") or (shown and f"[{shown}]"))
