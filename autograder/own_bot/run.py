"""The command `run`: a stranger's bot, unmodified, against a gateway of its own.

The exit code is 0 if the loop was free, 1 if a block reached the limit or an `expect` was not met,
2 for a mistake of the user's, 3 if the bot itself failed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autograder.outcomes import UserMistake
from autograder.own_bot import interpreter, process, prompt
from autograder.own_bot.account import Account, Held
from autograder.own_bot.channel import Channel, Message
from autograder.own_bot.lines import HELP, Line, Word, parse, read
from autograder.own_bot.talk import Expectation, Talk
from autograder.own_bot.telling import Teller, shown
from autograder.world.gateway.journal import Event
from autograder.world.gateway.server import GatewayServer
from autograder.world.gateway.uses import PATIENCE, NotShown

FREE, LIMIT, MISTAKE, FAILED = 0, 1, 2, 3
CONNECTS = 30.0  # s: the talk begins when the bot is ready, or when it was not within this time
SETTLES = 60.0  # s: after the last line we wait this long, at most, for two heartbeats
HEARS = 1.0  # s: what the ended process has sent arrives within this time
_MESSAGES = ("say", "reply", "followup", "edit")  # events whose message is shown as people see it


def run(
    bot: str,
    arguments: Sequence[str] = (),
    *,
    python: str | None = None,
    script: str | None = None,
    limit: float = 0.1,
    heartbeat: float = 1.0,
    json_file: str | None = None,
) -> int:
    """Run a bot until its script, its author or the bot itself ends it; return the exit code.

    Raises UserMistake for a bot, a Python or a script that cannot be used.
    """
    path = Path(bot)
    if not path.exists():
        raise UserMistake(f"There is no bot {bot}: name the file that you start it with.")
    path = Path(os.path.abspath(path))
    lines = read(script) if script is not None else None
    chosen = interpreter.find(path, python)
    session = Session(path, lines, limit, heartbeat)
    code = asyncio.run(session.run(chosen, arguments))
    if json_file is not None:
        try:
            text = json.dumps(session.to_plain(code), indent=2)
            Path(json_file).write_text(f"{text}\n", encoding="utf-8")
        except OSError as error:
            raise UserMistake(f"--json {json_file} cannot be written: {error}.") from None
    return code


class Session:
    """One run of a bot: its gateway, its process, and what was seen of it."""

    def __init__(
        self, bot: Path, lines: list[tuple[int, Line]] | None, limit: float, heartbeat: float
    ) -> None:
        self._bot, self._lines, self._limit = bot, lines, limit
        self._gateway = GatewayServer(port=0, heartbeat=heartbeat, grace=2)
        self._channel = Channel(self._receive)
        self._gateway.follow(self._follow)  # before the talk: first told, then judged
        self._talk = Talk(self._gateway)
        self._account = Account(limit, heartbeat)
        self._teller = Teller(bot.parent, limit, heartbeat)
        self._expected: list[Expectation] = []
        self._guarded = self._watched = False
        self._lasting: Message | None = None  # a block that was told of, and has not ended
        self._python = ""
        self._failure = ""  # why the bot failed
        self._refusal = ""  # why it was ended: it may fail in consequence
        self._over = asyncio.Event()

    async def run(self, python: str, arguments: Sequence[str]) -> int:
        """Run the bot and return the exit code."""
        await self._gateway.start()
        await self._channel.start()
        self._python = python
        bot = await process.start(python, self._bot, arguments, self._settings())
        try:
            await self._until_the_end(bot)
        finally:
            self._account.ends(time.monotonic())
            if bot.returncode is None:
                self._teller.say("run", "over: the bot is stopped as with Ctrl-C", "dim")
            await process.end(bot)
            await self._channel.stop(HEARS)
            await self._gateway.stop()
        return self._verdict()

    def to_plain(self, code: int) -> dict[str, Any]:
        """Return what the JSON file says."""
        counts = self._gateway.counters()
        expected = [vars(one) | {"seconds": round(one.seconds, 4)} for one in self._expected]
        return {
            "bot": self._bot.name,
            "exit_code": code,
            "failure": self._failure,
            "heartbeat": self._gateway.heartbeat,
            **{name: counts[name] for name in ("beats", "late", "kills", "resumes", "replies")},
            **self._account.to_plain(self._bot.parent),
            "expected": expected,
        }

    def _settings(self) -> dict[str, Any]:
        return {
            "rest": self._gateway.rest_url,
            "ws": self._gateway.ws_url,
            "token": self._gateway.token,
            "limit": self._limit,
            "port": self._channel.port,
            "secret": self._channel.secret,
        }

    async def _until_the_end(self, bot: asyncio.subprocess.Process) -> None:
        """Return when the talk is over, the bot has ended or failed, or Ctrl-C was pressed."""
        self._hear_ctrl_c()
        talking = asyncio.create_task(self._converse())
        ended, over = asyncio.create_task(bot.wait()), asyncio.create_task(self._over.wait())
        try:
            await asyncio.wait((talking, ended, over), return_when=asyncio.FIRST_COMPLETED)
            if talking.done():
                talking.result()
            elif ended.done() and not self._failure:
                self._judge_end(ended.result())
        finally:
            for task in (talking, ended, over):
                task.cancel()
            await asyncio.gather(talking, ended, over, return_exceptions=True)

    def _hear_ctrl_c(self) -> None:
        """End the run at Ctrl-C; each prompt hears it itself, and then leaves nobody to hear it."""
        with contextlib.suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._over.set)

    def _judge_end(self, code: int) -> None:
        """Note why the bot ended by itself, before it was asked to."""
        if code or self._lines is not None:
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            before = "" if self._lines is None else ", before the script was done"
            hint = f" It ran with {self._python}: if that lacks a package, name another --python."
            hint = "" if self._account.began else hint
            self._fail(f"The bot ended by itself with {how}{before}.{hint}")

    # What is said to the bot

    async def _converse(self) -> None:
        ready = await self._gateway.until(CONNECTS, ready=1)
        if self._lines is None:
            await self._converse_by_hand()
        elif not ready:
            self._fail(f"The bot did not connect within {CONNECTS:g} s.")
            return
        for number, line in self._lines or ():
            try:
                if not await self._carry_out(number, line):
                    break
            except NotShown as missing:
                self._expected.append(Expectation(str(missing), PATIENCE, False, PATIENCE))
                self._teller.say("expect", f"line {number}: {missing}", "bold red")
            except UserMistake as mistake:
                raise UserMistake(f"Line {number} of the script: {mistake}") from None
        await self._settle()

    async def _converse_by_hand(self) -> None:
        self._teller.plain("Type `help` for the lines that you can write; Ctrl-D ends the run.")
        async for written in prompt.typed(self._talk.offers):
            self._hear_ctrl_c()
            try:
                line = parse(written)
                if line is not None and not await self._carry_out(0, line):
                    return
            except UserMistake as mistake:
                self._teller.plain(str(mistake), "magenta")
        self._hear_ctrl_c()

    async def _carry_out(self, number: int, line: Line) -> bool:
        """Carry out a line; return whether the talk goes on."""
        if line == Word("help"):
            self._teller.plain("\n".join([HELP, *self._talk.commands()]))
        result = await self._talk.do(line)
        if result is not None:
            self._expected.append(result)
            self._teller.expectation(number, result)
        return line != Word("quit")

    async def _settle(self) -> None:
        """Wait until the loop is free again: two heartbeats come after the last line."""
        counts = self._gateway.counters()
        if counts["ready"]:
            beats = counts["beats"] + 2
            if not await self._gateway.until(SETTLES, beats=beats) and self._lasting is None:
                self._fail(f"The bot sent no heartbeat for {SETTLES:g} s after the last line.")

    # What is seen of the bot

    def _follow(self, event: Event) -> None:
        kind = event["event"]
        if kind == "identify":
            self._account.connected(event["at"])
        elif kind == "heartbeat":
            self._account.beat(event["at"])
        elif kind == "refused" and event.get("code") == 401:
            self._refuse("The bot's token was not replaced, so the gateway refused it.")
        if kind in _MESSAGES:  # the message is kept right after this event
            asyncio.get_running_loop().call_soon(self._show, event)
        else:
            self._teller.gateway(event)

    def _show(self, event: Event) -> None:
        text = self._talk.text_of(event["message"], event["content"] or "")
        self._teller.gateway(event, text)

    def _receive(self, message: Message) -> None:
        match message["event"]:
            case "hello":
                self._guarded = True
            case "loop":
                self._watched = True
            case "held" if self._account.began:
                self._lasting = message
                missed = self._account.missed(message["began"], message["seconds"])
                self._teller.still_held(Held.of(message, missed))
            case "free":
                self._lasting = None
            case "block":
                self._add(message)
            case "reached_out":
                self._refuse(
                    f"The bot tried to reach {shown(message['host'])}. Nothing was sent: in this "
                    f"run Discord's names lead nowhere."
                )
            case "unknown":
                self._refuse(
                    f"{shown(message['library'])} has no {shown(message['place'])}, where this "
                    f"command puts the gateway's address or token. Nothing was sent."
                )

    def _add(self, message: Message) -> None:
        held = self._account.add(message)
        if held is not None:
            self._teller.held(held)

    def _fail(self, sentence: str) -> None:
        self._failure = self._failure or sentence
        self._over.set()

    def _refuse(self, sentence: str) -> None:
        self._refusal = self._refusal or sentence
        self._over.set()

    def _verdict(self) -> int:
        if self._lasting is not None:  # the bot was killed in the middle of it
            self._add({**self._lasting, "kind": "cpu", "doubt": 0.0})
        unmet = sum(not one.met for one in self._expected)
        counts = self._gateway.counters()
        self._failure = self._refusal or self._failure
        if not self._failure and not self._guarded:
            self._failure = "This Python ignores PYTHONPATH, so the bot was not watched."
        if not self._failure and counts["ready"] and not self._watched:
            self._failure = "The bot was connected, but its loop was not seen and not measured."
        self._teller.summary(self._account, counts, unmet)
        if self._failure:
            self._teller.plain(self._failure, "bold red")
            return FAILED
        return LIMIT if unmet or self._account.lines() else FREE
