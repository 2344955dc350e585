"""The state of a gateway, without HTTP: bots, sessions, people, messages, interactions.

Connections and REST routes read and change it. `server.py` adds the port and the controls.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

from autograder.outcomes import UserMistake
from autograder.world.gateway import payloads
from autograder.world.gateway.ending import OpenConnection
from autograder.world.gateway.faults import Faults
from autograder.world.gateway.journal import Journal
from autograder.world.gateway.payloads import CHANNELS, PEOPLE, Account, Json, snowflake
from autograder.world.gateway.session import GUILDS, Bot, Session

# How long a session waits for its RESUME, in seconds. Discord's number is not published.
RESUME_WINDOW = 60.0


@dataclass(frozen=True)
class Settings:
    """The settings of a gateway; times are float seconds.

    `grace` counts intervals: the gateway closes the connection when a heartbeat is `grace *
    heartbeat` seconds after the one before. At 0.2 s and 2, a bot that blocks for 0.9 s always
    loses its connection, and a bot that does not block never did (with 6 hogs on 2 cores, the
    heartbeats of a healthy bot were at most 52 ms late).
    """

    heartbeat: float = 0.2
    grace: float = 2
    ack_delay: float = 0.03
    interaction_deadline: float = 3.0  # Discord's own
    sends: int = 0  # messages that a bot may send to a channel in a window; 0: no limit
    sends_window: float = 5.0  # Discord allows 5 in 5 s
    token: str | None = None  # None: a random one; "": any token is accepted
    port: int = 0  # 0: a free one

    def __post_init__(self) -> None:
        if self.heartbeat <= 0 or self.grace <= 1:
            raise UserMistake(
                f"a gateway with heartbeat={self.heartbeat!r} and grace={self.grace!r} would kill "
                "every bot: choose a heartbeat above 0 seconds and a grace above 1 interval"
            )


@dataclass
class Interaction:
    """One use of a slash command, from the press of Enter to the last answer."""

    id: str
    token: str
    name: str
    bot: Bot
    channel: str  # its id
    sent: float = field(default_factory=time.monotonic)
    acknowledged: bool = False
    original: Json | None = None  # the first answer; None while Discord shows "is thinking"

    @property
    def age(self) -> float:
        return round(time.monotonic() - self.sent, 4)


class Hub:
    """The state of one gateway."""

    def __init__(self, **settings: Any) -> None:
        self.settings = Settings(**settings)
        self.heartbeat = self.settings.heartbeat
        self.ack_delay = self.settings.ack_delay
        # "Late" is half way between due (0.2 s in the course) and dead (0.4 s): 0.3 s.
        self.late_after = self.heartbeat * (1 + self.settings.grace) / 2
        self.dead_after = self.heartbeat * self.settings.grace
        token = self.settings.token
        self.token = new_token() if token is None else token
        self.journal = Journal()
        self.chaos = Faults()
        self.people = {name: Account(identity, name) for name, identity in PEOPLE.items()}
        self.bots: dict[str, Bot] = {}
        self.connections: set[OpenConnection] = set()
        self.messages: dict[str, Json] = {}
        self.interactions: dict[str, Interaction] = {}
        self.sent: defaultdict[tuple[int, str], deque[float]] = defaultdict(deque)
        self._sessions: dict[str, Session] = {}
        self.rest_url = self.ws_url = ""

    def bot_of(self, token: Any) -> Bot | None:
        """Return the bot that a token belongs to, or None; `<token>.<name>` is another bot's."""
        if not isinstance(token, str) or not token:
            return None
        token, name = token.removeprefix("Bot "), ""
        if self.token and token != self.token:
            base, _, name = token.rpartition(".")
            if base != self.token:
                return None
        if token not in self.bots:
            number = len(self.bots) + 1
            identity = (not name and id_in(token)) or snowflake()
            account = Account(identity, name or ("bot" if number == 1 else f"bot{number}"), True)
            self.bots[token] = Bot(number, account)
        return self.bots[token]

    def open_session(self, bot: Bot, intents: int, shard: list[int] | None) -> Session:
        self._sessions = {
            key: session
            for key, session in self._sessions.items()
            if session.parted_for < RESUME_WINDOW
        }
        session = Session(bot, intents, shard)
        self._sessions[session.id] = session
        return session

    def session(self, identity: Any, token: Any) -> Session | None:
        """Return the session to resume; None when it is another bot's, too old, or unknown."""
        session = self._sessions.get(identity) if isinstance(identity, str) else None
        if session is None or session.bot is not self.bot_of(token):
            return None
        return session if session.parted_for < RESUME_WINDOW else None

    def forget(self, session: Session) -> None:
        self._sessions.pop(session.id, None)

    def welcome(self, session: Session) -> None:
        """Send READY and the guild, as after every IDENTIFY."""
        account = session.bot.account
        session.dispatch("READY", payloads.ready(account, session.id, self.ws_url, session.shard))
        self.journal.record("ready", session.bot.number, session=session.id)
        if session.intents & GUILDS:
            session.dispatch("GUILD_CREATE", payloads.guild(self.accounts()))

    def send_members(self, session: Session, request: Any) -> None:
        """Answer op 8 with all members, in one chunk."""
        nonce = request.get("nonce") if isinstance(request, dict) else None
        members = [{**item.member(), "user": item.user()} for item in self.accounts()]
        chunk = {"guild_id": payloads.GUILD, "members": members, "chunk_index": 0, "chunk_count": 1}
        session.dispatch(
            "GUILD_MEMBERS_CHUNK", {**chunk, "not_found": [], "presences": [], "nonce": nonce}
        )

    def publish(self, message: Json, author: Account, to: Bot | None = None) -> None:
        """Keep a message, and send it to each session that may see it (`to`: only this bot's)."""
        self.messages[message["id"]] = message
        if len(self.messages) > 1000:
            del self.messages[next(iter(self.messages))]
        event = dict(message)
        if message["channel_id"] in CHANNELS.values():
            event |= {"guild_id": payloads.GUILD, "member": author.member()}
        for session in self._sessions.values():
            seen = session.sees(event)
            if seen is None or (to is not None and session.bot is not to):
                continue
            if not author.bot:
                session.bot.told(message["content"])
                if message["content"] and not seen["content"] and session.connection:
                    session.connection.hint(
                        "the bot gets messages without their content: it did not ask for the "
                        "message-content intent (intents.message_content = True)"
                    )
            session.dispatch("MESSAGE_CREATE", seen)

    def accounts(self) -> list[Account]:
        return [*self.people.values(), *(bot.account for bot in self.bots.values())]

    def sessions_of(self, bot: Bot | None = None) -> list[Session]:
        return [item for item in self._sessions.values() if bot is None or item.bot is bot]

    def person(self, name: str) -> Account:
        """Return the person with this name; a new name becomes a new member of the guild."""
        if name not in self.people:
            self.people[name] = Account(snowflake(), name)
        return self.people[name]

    def channel_id(self, name: str) -> str:
        name = name.removeprefix("#")
        if name not in CHANNELS:
            raise UserMistake(f"there is no channel #{name}: the guild has {', '.join(CHANNELS)}")
        return CHANNELS[name]

    def channel_name(self, identity: str) -> str | None:
        """Return the name of a channel by its id: `@ada` for direct messages, None if unknown."""
        for name, known in CHANNELS.items():
            if known == identity:
                return name
        for person in self.people.values():
            if self.direct_id(person) == identity:
                return f"@{person.name}"
        return None

    def direct_id(self, person: Account) -> str:
        return str(payloads.DIRECT + list(self.people).index(person.name))


def new_token() -> str:
    """Return a new token in Discord's form: hikari reads the bot's id from its first part."""
    return f"{base64.b64encode(snowflake().encode()).decode()}.local.{secrets.token_urlsafe(20)}"


def id_in(token: str) -> str | None:
    """Return the id that a token in Discord's form begins with; None for another form."""
    start = token.partition(".")[0]
    try:
        identity = base64.b64decode(start + "=" * (-len(start) % 4), validate=True).decode()
    except ValueError:
        return None
    return identity if identity.isdecimal() else None
