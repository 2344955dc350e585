"""What outlives a connection: the bot's account, and the events sent to it, for RESUME."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from autograder.world.gateway.ending import OpenConnection
from autograder.world.gateway.payloads import Account, Json, snowflake

# Intents: the bits in IDENTIFY that choose which events a bot gets.
GUILDS, MEMBERS, MODERATION, EXPRESSIONS = 1 << 0, 1 << 1, 1 << 2, 1 << 3
WEBHOOKS, INVITES = 1 << 5, 1 << 6
GUILD_MESSAGES, REACTIONS, TYPING = 1 << 9, 1 << 10, 1 << 11
DIRECT_MESSAGES = 1 << 12
MESSAGE_CONTENT = 1 << 15
SCHEDULED_EVENTS = 1 << 16
POLLS = 1 << 24
HIGHEST_INTENT = 1 << 25  # direct message polls; a higher bit is refused with 4013
ALWAYS = 0  # the intent of events that every bot gets

# The intents of the same events in direct messages; pins come with the messages' own.
IN_PRIVATE = {
    GUILD_MESSAGES: DIRECT_MESSAGES,
    REACTIONS: 1 << 13,
    TYPING: 1 << 14,
    POLLS: 1 << 25,
    GUILDS: DIRECT_MESSAGES,
}

# How many events are kept for a replay; Discord's number is not published. As on Discord, a session
# that missed more has to identify itself again.
REPLAYED = 1000


@dataclass
class Bot:
    """One token and its bot account; `number` is the bot's number in the journal."""

    number: int
    account: Account
    application: Json = field(default_factory=dict)
    handling: str | None = None  # what it is probably doing, for the events "late" and "killed"
    _last_told: str | None = None
    _moved: bool = True

    def told(self, what: str) -> None:
        """Note that the bot was sent something that starts one of its handlers."""
        self._last_told = what
        if self._moved:  # the first thing it was sent since its last sign of life holds it now
            self.handling = what
            self._moved = False

    def moved(self) -> None:
        """Note a sign of life (a heartbeat, a request): its loop was free after the last `told`."""
        self.handling = self._last_told
        self._moved = True


class Session:
    """The numbered events of one IDENTIFY; connections may come and go."""

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
        """Number an event, keep it for a replay, and send it if there is a connection."""
        self.sequence += 1
        payload = {"op": 0, "t": kind, "s": self.sequence, "d": data}
        self._sent.append(payload)
        if self.connection is not None:
            self.connection.send(payload)

    def missed(self, since: int) -> list[Json] | None:
        """Return the events after number `since`; None when some of them are no longer kept."""
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

    def hears(self, intent: int, guild: str | None) -> bool:
        """Tell whether this session gets events of an intent; `guild` None: a direct message's."""
        number, count = self.shard or (0, 1)
        if number != (0 if guild is None else (int(guild) >> 22) % count):
            return False
        wanted = intent if guild is not None else IN_PRIVATE.get(intent, ALWAYS)
        return wanted == ALWAYS or bool(self.intents & wanted)

    def sees(self, message: Json) -> Json:
        """Return a message's event as this session may see it.

        As on Discord, a guild message arrives without its content if the bot did not ask for the
        message-content intent. The bot's own messages, those that mention it, and direct messages
        arrive whole.
        """
        if "guild_id" not in message or self.intents & MESSAGE_CONTENT:
            return message
        own = message["author"]["id"] == self.bot.account.id
        mentioned = any(user["id"] == self.bot.account.id for user in message["mentions"])
        if own or mentioned:
            return message
        bare = {**message, "content": "", "embeds": [], "attachments": [], "components": []}
        bare.pop("poll", None)
        return bare
