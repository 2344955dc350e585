"""Carries out the lines of a script or of the prompt (`lines.py`) on the gateway.

`Talk.do` raises UserMistake with a sentence that says what to write instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
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
    HELP,
    Act,
    Expect,
    Line,
    NoLine,
    Say,
    Slash,
    Suggest,
    Trouble,
    Use,
    Wait,
    Word,
    pairs,
    parse,
)
from autograder.world.gateway.components import BUTTON, FILE, YES_NO, names_of
from autograder.world.gateway.contents import parts as parts_of
from autograder.world.gateway.journal import Event
from autograder.world.gateway.payloads import Json, reader_of
from autograder.world.gateway.server import GatewayServer
from autograder.world.gateway.uses import (
    GROUP,
    KINDS_OF_OPTION,
    ON_MESSAGE,
    ON_USER,
    PATIENCE,
    PICKED,
    SUBCOMMAND,
    options_of,
)

LARGEST = 10 << 20  # bytes of a file, as Discord takes them from a person
MOST = 1000  # answers that `expect` looks at
_ACTS_OF_PEOPLE = ("say", "interaction", "act")  # events; what is expected comes after the last one
ANSWERS = ("reply", "followup", "edit", "modal", "choices")
_NUMBERS = {KINDS_OF_OPTION[kind]: kind for kind in (int, float)}
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
                await self._say(line)
            case Slash():
                options = await self._options(line)
                await self._gateway.command(line.command, line.author, line.channel, options)
            case Use():
                await self._gateway.use(line.command, line.target, line.author)
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

    async def hear(self, written: str) -> bool:
        """Carry out a line as it is typed at the command `gateway`; return whether that goes on.

        There all other text is said by ada, and a command reaches bots that have registered none.
        """
        try:
            line = parse(written) or Say(written.strip())
        except NoLine:
            line = Say(written.strip())
        match line:
            case Say():
                if line.content:
                    await self._say(line)
            case Slash() if not self._gateway.registered():
                options = {name: _guessed(value) for name, value in line.options}
                await self._gateway.command(line.command, line.author, line.channel, options)
            case Word("help"):
                print("\n".join([HELP, *self.commands()]), file=sys.stderr)
            case _:
                result = await self.do(line)
                if result is not None:
                    came = "came" if result.met else "did not come"
                    print(f"{result.text!r} {came}", file=sys.stderr)
        return line != Word("quit")

    def commands(self) -> list[str]:
        """Return the commands that the bots have registered, as they are typed."""
        return [_usage(one) for one in self._leaves()] + self._menu()

    def offers(self) -> list[str]:
        """Return lines that can be typed now: the commands, and what the shown messages offer."""
        readers = [person.id for person in self._gateway.people.values()]
        shown = [parts_of(one["components"]) for one in self._gateway.newest_messages(*readers)]
        usable = [item for items in shown for item in items if not item.get("disabled")]
        lines = [f"/{one['name']} " for one in self._leaves()] + self._menu()
        lines += [f'click "{names_of(item)[0]}"' for item in usable if item["type"] == BUTTON]
        lines += [f'choose "{row["label"]}"' for item in usable for row in item.get("options", ())]
        return list(dict.fromkeys(lines))

    def _leaves(self) -> list[Json]:
        return [one for _, command in self._gateway.registered() for one in _leaves(command)]

    def _menu(self) -> list[str]:
        found = self._gateway.registered("", ON_USER, ON_MESSAGE)
        return [f'use "{one["name"]}"' for _, one in found]

    def text_of(self, message: str, content: str) -> str:
        """Return what people see of a message: its text, then all else that it has."""
        stored = self._gateway.messages.get(message, {})
        copies = [one["message"] for one in stored.get("message_snapshots") or ()]
        parts = [content, *(f"[forwarded: {copy['content']}]" for copy in copies)]
        parts += map(_embed_text, stored.get("embeds") or ())
        parts += [f"[file: {file.get('filename', '')}]" for file in stored.get("attachments") or ()]
        parts += [f"[sticker: {one['name']}]" for one in stored.get("sticker_items") or ()]
        parts += [_poll_text(stored["poll"])] if "poll" in stored else []
        parts += map(_component_text, parts_of(stored.get("components") or []))
        text = " ".join(filter(None, parts)) or "[neither text nor embed]"
        reader = self._gateway.account(reader_of(stored) or "") if stored else None
        return f"{text} (only {reader.name} sees this)" if reader else text

    def _hear(self, event: Event) -> None:
        if event["event"] in _ACTS_OF_PEOPLE:
            self._answers.clear()
        elif event["event"] in ANSWERS:
            self._answers.append((event.get("message", ""), event["content"] or ""))

    async def _say(self, line: Say) -> None:
        await self._gateway.say(self._mentioned(line.content), line.author, line.channel)

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
                await self._fill(dict(pairs(words)), who)
            case "react":
                await gateway.react(self._on(line.target), _emoji(words), who)
            case "unreact":
                await gateway.unreact(self._on(line.target), _emoji(words), who)
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

    def _on(self, target: str | None) -> str | None:
        """Return the id of a message: that of somebody's last one, or the id itself."""
        if target is None or target.isdecimal():
            return target
        every = self._gateway.newest_messages()
        theirs = (one["id"] for one in every if one["author"]["username"] == target)
        found = next(theirs, None)
        if found is None:
            raise UserMistake(f"{target} has said nothing yet.")
        return str(found)

    async def _fill(self, values: dict[str, str], who: str) -> None:
        """Fill in a modal; what is given for a field that takes a file is the path of one."""
        gateway = self._gateway
        asked = await gateway.journal.when(lambda: gateway.modal_of(who), PATIENCE)
        for item in parts_of(asked.modal["components"]) if asked and asked.modal else ():
            inner = item.get("component") or {}
            for name in {str(item.get("label")), *names_of(inner)} & values.keys():
                if inner.get("type") == FILE:
                    values[name] = await self._attach(values[name])
        await gateway.fill(values, who)

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
        """Make mentions of names, as Discord's own client does: @bot, @ada, @Moderator, #games."""
        gateway = self._gateway
        named = {f"#{one['name']}": f"<#{one['id']}>" for one in gateway.guild_channels()}
        roles = [role for role in gateway.roles.values() if role["id"] != gateway.guild_id]
        named |= {f"@{role['name']}": f"<@&{role['id']}>" for role in roles}
        named |= {f"@{one.name}": f"<@{one.id}>" for one in gateway.accounts()}
        names = "|".join(map(re.escape, sorted(named, key=len, reverse=True)))
        return re.sub(rf"(?<!\w)({names})(?!\w)", lambda found: named[found[1]], content)

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
        if options and not (whole or declared[option].get("autocomplete")):
            raise UserMistake(f"/{line.command} has no suggestions for {option}: {usage}")
        missing = [option for option, one in declared.items() if one.get("required")]
        missing = [option for option in missing if option not in options]
        if missing and whole:
            raise UserMistake(f"/{line.command} needs {missing[0]}=...: {usage}")
        return options

    async def _attach(self, file: str) -> str:
        try:
            path, data = await asyncio.to_thread(_content, file)
        except OSError as error:
            raise UserMistake(f"{file} cannot be read: {error.strerror}.") from None
        if not data:
            raise UserMistake(f"{file} is empty.")
        if len(data) > LARGEST:
            size = len(data) / (1 << 20)
            raise UserMistake(f"{file} has {size:.1f} MiB; a person can send up to 10.")
        return await self._gateway.attach(path.name, b64encode(data).decode())

    async def _command(self, name: str) -> Json:
        """Return a registered command; a bot may still be registering its commands."""
        gateway = self._gateway
        found = await gateway.journal.when(lambda: gateway.registered(name), PATIENCE)
        if not found:
            has = ", ".join(self.commands())
            raise UserMistake(
                f"the bot has registered no command /{name}; it has {has}."
                if has
                else f"/{name}: the bot has registered no slash commands. Most bots do so with a "
                f"line such as `await bot.tree.sync()`."
            )
        return found[0][1]


def _content(file: str) -> tuple[Path, bytes]:
    path = Path(file).expanduser()
    return path, path.read_bytes()


def _emoji(words: tuple[str, ...]) -> str:
    """Return an emoji by its name in English; other words are the name of a guild's emoji."""
    with contextlib.suppress(NoEmoji):
        return str(Emoji("_".join(words).strip(":")))
    return " ".join(words)


def _value(text: str, option: Json) -> Any:
    """Return what is typed for an option; Discord's own client takes nothing else either."""
    kind, said = option["type"], f"{option['name']}={text}: the bot takes"
    if choices := option.get("choices"):
        named = {str(one["value"]): one["value"] for one in choices}
        named |= {one["name"]: one["value"] for one in choices}
        if text not in named:
            raise UserMistake(f"{said} {', '.join(one['name'] for one in choices)} there.")
        return named[text]
    if kind == KINDS_OF_OPTION[bool]:
        if text.lower() not in YES_NO:
            raise UserMistake(f"{said} yes or no there.")
        return YES_NO[text.lower()]
    try:
        value: Any = _NUMBERS.get(kind, str)(text)
    except ValueError:
        raise UserMistake(f"{said} a number there.") from None
    what, size = ("value", value) if kind in _NUMBERS else ("length", len(text))
    least, most = option.get(f"min_{what}"), option.get(f"max_{what}")
    unit = "" if what == "value" else " characters"
    if least is not None and size < least:
        raise UserMistake(f"{said} {least}{unit} or more there.")
    if most is not None and size > most:
        raise UserMistake(f"{said} {most}{unit} or less there.")
    return value


def _guessed(text: str) -> Any:
    """Return the value of an option that no command declares: a number, true, or text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


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


def _poll_text(poll: Json) -> str:
    answers = ", ".join(str(one["poll_media"].get("text")) for one in poll["answers"])
    return f"[poll: {poll['question'].get('text')} {answers}]"


def _component_text(item: Json) -> str:
    """Return what people see of a component: the label of a button, the options of a menu."""
    emoji = (item.get("emoji") or {}).get("name")
    label = " ".join(filter(None, (emoji, item.get("label") or item.get("placeholder"))))
    options = ", ".join(str(option["label"]) for option in item.get("options") or ())
    shown = ": ".join(filter(None, (label, options)))
    return str(item.get("content") or (shown and f"[{shown}]"))
