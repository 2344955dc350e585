"""What outlives a connection: who a bot is, and the events it has been sent, for RESUME."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from autograder.world.gateway.ending import OpenConnection
from autograder.world.gateway.payloads import Account, Json, snowflake

# Intents, the bits of IDENTIFY that say which events a bot gets.
GUILDS = 1 << 0
GUILD_MESSAGES = 1 << 9
DIRECT_MESSAGES = 1 << 12
MESSAGE_CONTENT = 1 << 15
HIGHEST_INTENT = 1 << 25  # direct message polls; a higher bit is refused with 4013

# Events kept for a replay. Discord's number is not published; a session that missed more than
# this has to identify anew, as there.
REPLAYED = 1000


@dataclass
class Bot:
    """One token, one bot account; `number` is the one in the journal."""

    number: int
    account: Account
    commands: list[Json] = field(default_factory=list)
    handling: str | None = None  # what it is probably busy with, for the "late" and "killed" events
    _last_told: str | None = None
    _moved: bool = True

    def told(self, what: str) -> None:
        """Note that the bot was sent something its handlers run for."""
        self._last_told = what
        if self._moved:  # the first thing it was told after it last moved is what holds it now
            self.handling = what
            self._moved = False

    def moved(self) -> None:
        """Note a sign of life (a beat, a request): its loop got past what it was told before."""
        self.handling = self._last_told
        self._moved = True


class Session:
    """The events of one IDENTIFY, numbered; a connection may come and go."""

    def __init__(self, bot: Bot, intents: int, shard: list[int] | None) -> None:
        self.id = f"{int(snowflake()):032x}"
        self.bot = bot
        self.intents = intents
        self.shard = shard
        self.sequence = 0
        self.connection: OpenConnection | None = None
        self._parted = time.monotonic()
        self._sent: deque[Json] = deque(maxlen=REPLAYED)

    def dispatch(self, kind: str, data: Any) -> None:
        """Number an event, keep it for a replay, and send it if somebody is connected."""
        self.sequence += 1
        payload = {"op": 0, "t": kind, "s": self.sequence, "d": data}
        self._sent.append(payload)
        if self.connection is not None:
            self.connection.send(payload)

    def missed(self, since: int) -> list[Json] | None:
        """Return the events after number `since`, or None when some are no longer kept."""
        if self.sequence - since > len(self._sent):
            return None
        return [payload for payload in self._sent if payload["s"] > since]

    def part(self) -> None:
        self.connection = None
        self._parted = time.monotonic()

    @property
    def parted_for(self) -> float:
        """Seconds since the last connection ended; 0.0 while there is one."""
        return 0.0 if self.connection else time.monotonic() - self._parted

    def sees(self, payload: Json) -> Json | None:
        """Return a MESSAGE_CREATE as this session's intents allow it, or None for not at all.

        As on Discord, without the message-content intent a guild message arrives empty, except
        the bot's own and those that mention it; direct messages are whole.
        """
        direct = "guild_id" not in payload
        number, count = self.shard or (0, 1)
        if number != (0 if direct else (int(payload["guild_id"]) >> 22) % count):
            return None
        if not self.intents & (DIRECT_MESSAGES if direct else GUILD_MESSAGES):
            return None
        if direct or self.intents & MESSAGE_CONTENT:
            return payload
        own = payload["author"]["id"] == self.bot.account.id
        mentioned = any(user["id"] == self.bot.account.id for user in payload["mentions"])
        if own or mentioned:
            return payload
        return {**payload, "content": "", "embeds": [], "attachments": [], "components": []}
