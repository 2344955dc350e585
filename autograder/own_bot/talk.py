"""What people say to a bot: the lines that are typed at the prompt, or that a script has.

`parse` reads a line; `Talk.do` carries it out on the gateway. Both raise UserMistake with a
sentence that says what to write instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shlex
from base64 import b64encode
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from rich.emoji import Emoji, NoEmoji

from autograder.outcomes import UserMistake
from autograder.world.gateway.acts import options_of
from autograder.world.gateway.contents import parts as parts_of
from autograder.world.gateway.journal import Event
from autograder.world.gateway.payloads import Json
from autograder.world.gateway.server import GatewayServer

HELP = """\
ada: hi                        ada says something in #general
bo in #games: !roll 2d6        bo says something in #games
dm cy: help                    cy writes to the bot directly; @bot mentions it
/weather city=Oslo days:3      ada uses a slash command; `bo in #games: /weather ...` works, too
click "Vote"                   ada clicks a button; `click "Vote" as bo` works, too, as below
choose "Red" "Blue"            choose from the menu that has these
fill name="Ada" "Your age"=36  fill in the modal that the bot has opened, and send it
suggest /weather city=Os       show what the bot suggests for the last option
react thumbs up, unreact 👍    to the bot's last message; a name, or the emoji itself
reply "thanks"                 to the bot's last message
edit "hello", delete           change or delete ada's last message
upload cat.png "look"          send a file; an option takes one by its path: /scan image=cat.png
vote "yes"                     in the last poll
wait 2                         wait for 2 seconds
expect "pong" within 1         the bot must have said this since the last line to it, or within 1 s
drop, reconnect, invalidate    end its connection; ask it to reconnect; end its session
slow 0.5, errors 0.2           each event comes 0.5 s late; of 10 calls, 2 are answered with 502
ratelimit 5/5                  5 messages to a channel in 5 s; `slow 0` and so on end it
help, quit                     this list; end the run (a line that begins with # does nothing)"""
MOST = 1000  # answers that `expect` looks at
PATIENCE = 5.0  # s: `expect` without a time; a bot also registers its commands within this time
ACTS = {  # what people do but for writing, each with an example
    "click": 'click "Vote"',
    "choose": 'choose "Red" "Blue"',
    "fill": 'fill name="Ada"',
    "react": "react thumbs up",
    "unreact": "unreact thumbs up",
    "reply": 'reply "thanks"',
    "edit": 'edit "hello"',
    "delete": "delete",
    "upload": 'upload cat.png "look"',
    "vote": 'vote "yes"',
}
TROUBLES = {"slow": "slow 0.5", "errors": "errors 0.2", "ratelimit": "ratelimit 5/5"}
_ACTS_OF_PEOPLE = ("say", "interaction", "act")  # events; what is expected comes after the last one
ANSWERS = ("reply", "followup", "edit", "modal", "choices")
FAULTS = ("drop", "reconnect", "invalidate")
_WHO = re.compile(r"(?:dm\s+(?P<dm>\w+)|(?P<who>\w+)(?:\s+in\s+#?(?P<channel>[\w-]+))?)\s*:\s*")
_EXPECT = re.compile(r"""expect\s+(["'])(?P<text>.+)\1(?:\s+within\s+(?P<within>[\d.]+))?\s*""")
_OPTION = re.compile(r"([\w-][^=:]*)[=:](.*)", re.DOTALL)
_NUMBERS: dict[int, type] = {4: int, 10: float}
_YES_NO = {"true": True, "yes": True, "false": False, "no": False}
_AS = re.compile(r"\s+as\s+@?(\w+)$")
_BOOLEAN, _FILE, _GROUPS = 5, 11, (1, 2)


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
    channel: str | None = "general"


@dataclass(frozen=True)
class Act:
    """Somebody does something else than to write: `word` is one of ACTS."""

    word: str
    words: tuple[str, ...]
    author: str = "ada"


@dataclass(frozen=True)
class Suggest:
    """Somebody types the last option of a command, and looks at what the bot suggests."""

    command: Slash


@dataclass(frozen=True)
class Trouble:
    """One of TROUBLES, with its numbers."""

    word: str
    numbers: tuple[float, ...]


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


Line = Say | Slash | Act | Suggest | Trouble | Wait | Expect | Word


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
    if first in ACTS:
        return _act(text)
    if first in TROUBLES:
        return _trouble(text)
    if first == "suggest" and text[7:].strip().startswith("/"):
        return Suggest(_slash(text[7:].strip(), "ada", "general"))
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
    place = None if dm else channel or "general"
    return (_slash if content.startswith("/") else Say)(content, author, place)


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


def _slash(text: str, author: str, channel: str | None) -> Slash:
    """Read a command: words before the first option are its subcommand."""
    command, *words = _words(text[1:]) or [""]
    while words and not _OPTION.fullmatch(words[0]):
        command += f" {words.pop(0)}"
    return Slash(command, _pairs(words), author, channel)


def _act(text: str) -> Act:
    found = _AS.search(text)
    written = text[: found.start()] if found else text
    word, *words = _words(written)
    if bool(words) == (word == "delete"):
        raise UserMistake(f"`{text}`: write `{ACTS[word]}`.")
    if word == "fill":
        _pairs(words)
    return Act(word, tuple(words), found[1] if found else "ada")


def _trouble(text: str) -> Trouble:
    word, *numbers = text.replace("/", " ").split()
    example = TROUBLES[word]
    if len(numbers) not in (1, example.count("/") + 1):
        raise UserMistake(f"`{text}`: write `{example}`.")
    found = tuple(_seconds(number, example) for number in numbers)
    if word == "errors" and found[0] > 1:
        raise UserMistake(f"`{text}`: a chance is between 0 and 1: write `{example}`.")
    return Trouble(word, found)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise UserMistake(f"`{text}`: a quotation mark is not closed.") from None


def _pairs(words: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the names and values of words like `city=Oslo` and `days:3`."""
    pairs = []
    for word in words:
        pair = _OPTION.fullmatch(word)
        if pair is None:
            raise UserMistake(f"`{word}` has no name in front: write NAME={word}.")
        pairs.append((pair[1], pair[2]))
    return tuple(pairs)


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
        return [usage for _, command in self._gateway.registered() for usage in _usages(command)]

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
                await gateway.fill(dict(_pairs(words)), who)
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
            if declared[option]["type"] == _FILE:
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
    if kind == _BOOLEAN and text.lower() in _YES_NO:
        return _YES_NO[text.lower()]
    try:
        return _NUMBERS.get(kind, str)(text)
    except ValueError:
        raise UserMistake(f"{name}={text}: the bot wants a number there.") from None


def _usages(command: Json) -> Iterator[str]:
    """Yield how a command is used: once, or once for each of its subcommands."""
    inside = [one for one in command.get("options") or () if one["type"] in _GROUPS]
    for one in inside:
        yield from _usages({**one, "name": f"{command['name']} {one['name']}"})
    if not inside:
        yield _usage(command)


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
