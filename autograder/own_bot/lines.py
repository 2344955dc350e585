"""The lines that are typed at the prompt, or that a script has: what people say to a bot, and do.

`parse` raises UserMistake with a sentence that says what to write instead.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autograder.outcomes import UserMistake
from autograder.world.gateway.uses import PATIENCE

HELP = """\
ada: hi                        ada says something in #general
bo in #games: !roll 2d6        bo says something in #games
dm cy: help                    cy writes to the bot directly; @bot mentions it
/weather city=Oslo days:3      ada uses a slash command; `bo in #games: /weather ...` works, too
click "Vote"                   ada clicks a button; from here to `vote`, `as bo` at the end: bo does
choose "Red" "Blue"            choose from the menu that has these
fill name="Ada" "Your age"=36  fill in the modal that the bot has opened, and send it
react thumbs up, unreact 👍    to the bot's last message; a name, or the emoji itself
reply "thanks"                 to the bot's last message
edit "hello", delete           change or delete ada's last message
upload cat.png "look"          send a file; an option takes one by its path: /scan image=cat.png
vote "yes"                     in the last poll
suggest /weather city=Os       show what the bot suggests for the last option
wait 2                         wait for 2 seconds
expect "pong" within 1         the bot must have said this since the last line to it, or within 1 s
drop, reconnect, invalidate    end its connection; ask it to reconnect; end its session
slow 0.5, errors 0.2           each event comes 0.5 s late; of 10 calls, 2 fail with 502
ratelimit 5/5                  5 messages to a channel in 5 s; slow 0, errors 0, ratelimit 0 end it
help, quit                     this list; end the run (a line that begins with # does nothing)"""
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
FAULTS = ("drop", "reconnect", "invalidate")
_WHO = re.compile(r"(?:dm\s+(?P<dm>\w+)|(?P<who>\w+)(?:\s+in\s+#?(?P<channel>[\w-]+))?)\s*:\s*")
_EXPECT = re.compile(r"""expect\s+(["'])(?P<text>.+)\1(?:\s+within\s+(?P<within>[\d.]+))?\s*""")
_OPTION = re.compile(r"([\w-][^=:]*)[=:](.*)", re.DOTALL)
_AS = re.compile(r"\s+as\s+@?(\w+)$")


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
    return Slash(command, pairs(words), author, channel)


def _act(text: str) -> Act:
    found = _AS.search(text)
    written = text[: found.start()] if found else text
    word, *words = _words(written)
    if bool(words) == (word == "delete"):
        raise UserMistake(f"`{text}`: write `{ACTS[word]}`.")
    if word == "fill":
        pairs(words)
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


def pairs(words: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the names and values of words like `city=Oslo` and `days:3`."""
    pairs = []
    for word in words:
        pair = _OPTION.fullmatch(word)
        if pair is None:
            raise UserMistake(f"`{word}` has no name in front: write NAME={word}.")
        pairs.append((pair[1], pair[2]))
    return tuple(pairs)
