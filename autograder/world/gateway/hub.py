"""The state of a gateway, without HTTP: bots, sessions, people, messages, interactions.

Connections and REST routes read and change it. `server.py` adds the port and the controls.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from autograder.outcomes import UserMistake
from autograder.world.gateway import payloads
from autograder.world.gateway.ending import OpenConnection
from autograder.world.gateway.faults import Faults
from autograder.world.gateway.journal import Journal
from autograder.world.gateway.payloads import CHANNELS, GUILD, PEOPLE, Account, Json, snowflake
from autograder.world.gateway.session import ALWAYS, GUILD_MESSAGES, GUILDS, MEMBERS, Bot, Session

# How long a session waits for its RESUME, in seconds. Discord's number is not published.
RESUME_WINDOW = 60.0

# How much is kept: messages, entries of the audit log, bytes of files. The oldest go first, so that
# a bot that runs for a day at 200 messages a second does not fill the memory.
MESSAGES, ENTRIES, BYTES = 1000, 1000, 1 << 26


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
    """One use of a command, a component or a modal, from the act to the bot's last answer."""

    kind: int  # Discord's number: see interactions.py
    name: str  # that of the command, or the custom id
    said: str  # what the person did, as it is typed in `run`
    bot: Bot
    user: Account
    channel: str  # its id
    message: Json | None = None  # whose component was used
    id: str = field(default_factory=snowflake)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    sent: float = field(default_factory=time.monotonic)
    acknowledged: bool = False
    original: Json | None = None  # `@original`; None while Discord shows "is thinking"
    modal: Json | None = None  # what the answer opened, until the person fills it in
    choices: list[Json] | None = None  # what the answer suggests for an option

    @property
    def age(self) -> float:
        return round(time.monotonic() - self.sent, 4)


@dataclass
class Reaction:
    """One emoji below a message, and the ids of those who chose it."""

    emoji: Json
    users: list[str] = field(default_factory=list)

    def told(self, viewer: str) -> Json:
        count = len(self.users)
        return {
            "emoji": self.emoji, "count": count, "count_details": {"burst": 0, "normal": count},
            "burst_colors": [], "me_burst": False, "me": viewer in self.users,
        }  # fmt: skip


@dataclass
class Marks:
    """What others have added to a message."""

    reactions: dict[str, Reaction] = field(default_factory=dict)  # by the emoji's name in paths
    votes: dict[int, list[str]] = field(default_factory=dict)  # by the number of the answer
    pinned_at: str = ""


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
        self.people: dict[str, Account] = {}
        self.bots: dict[str, Bot] = {}
        self.connections: set[OpenConnection] = set()
        self.guild = payloads.guild()
        self.members: dict[str, Json] = {}  # by the id of the user
        self.messages: dict[str, Json] = {}
        self.marks: dict[str, Marks] = {}  # by the id of the message
        self.files: dict[str, tuple[str, bytes]] = {}  # by their path: content type, content
        self.uploads: dict[str, Json] = {}  # attachments that people may send, by their id
        self.shelves: defaultdict[str, dict[str, Json]] = defaultdict(dict)  # see table.py
        self.channels = self.shelves["channels"]  # of the guild, threads, and direct ones
        self.roles = self.shelves["roles"]
        self.audit: deque[Json] = deque(maxlen=ENTRIES)
        self.interactions: dict[str, Interaction] = {}
        self.sent: defaultdict[tuple[int, str], deque[float]] = defaultdict(deque)
        self._sessions: dict[str, Session] = {}
        self.rest_url = self.ws_url = ""
        everyone = payloads.role(GUILD, "@everyone", permissions=payloads.ALL_PERMISSIONS)
        self.roles[GUILD] = everyone
        for position, (name, identity) in enumerate(CHANNELS.items()):
            self.channels[identity] = payloads.channel(identity, name, position)
        for name, identity in PEOPLE.items():
            self._arrive(Account(identity, name))

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
            self.bots[token] = Bot(number, account, payloads.application(account))
            self.join(account)
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
        here = account.id in self.members and session.hears(ALWAYS, GUILD)
        ready = payloads.ready(account, session.id, self.ws_url, session.shard)
        session.dispatch("READY", ready if here else {**ready, "guilds": []})
        self.journal.record("ready", session.bot.number, session=session.id)
        if here and session.hears(GUILDS, GUILD):
            session.dispatch("GUILD_CREATE", deepcopy(self.whole_guild()))

    def whole_guild(self) -> Json:
        """Return GUILD_CREATE, with all members, so that no library asks for them later."""
        here = self.guild_channels()
        members = [self.member(identity) for identity in self.members]
        return {
            **self.told_guild(), **payloads.ONLY_IN_EVENTS, "member_count": len(members),
            "members": members,
            "channels": [item for item in here if item["type"] not in payloads.THREADS],
            "threads": [item for item in here if item["type"] in payloads.THREADS],
        }  # fmt: skip

    def told_guild(self) -> Json:
        """Return the guild as REST and GUILD_UPDATE tell it."""
        parts = {
            name: list(self.shelves[name].values()) for name in ("roles", "emojis", "stickers")
        }
        return {**self.guild, **parts}

    def guild_channels(self) -> list[Json]:
        """Return the guild's channels and threads, without those of direct messages."""
        return [item for item in self.channels.values() if "guild_id" in item]

    def counts(self) -> Json:
        number = len(self.members)
        return {"approximate_member_count": number, "approximate_presence_count": number}

    def member(self, identity: str) -> Json | None:
        """Return a member of the guild with its user; None for people who are not in it."""
        member, account = self.members.get(identity), self.account(identity)
        return {**member, "user": account.user()} if member and account else None

    def named(self, begin: Any) -> list[Json]:
        """Return the members whose user name or nickname begins like this, without case."""
        begin, found = str(begin).casefold(), []
        for member in filter(None, map(self.member, self.members)):
            names = (member["user"]["username"], member["user"]["global_name"], member["nick"])
            if any(str(name or "").casefold().startswith(begin) for name in names):
                found.append(member)
        return found

    def tell(self, event: str, data: Json, intent: int, channel: str | None = None) -> None:
        """Send an event to each session that hears it; `channel` is the id of where it happened."""
        guild, data = self.guild_of(channel), deepcopy(data)  # for a replay, as it is now
        for session in self._sessions.values():
            inside = guild is None or session.bot.account.id in self.members
            if inside and session.hears(intent, guild):
                session.dispatch(event, data)

    def guild_of(self, channel: str | None) -> str | None:
        """Return the id of the guild, or None for a channel of direct messages."""
        if channel is None or "guild_id" in self.channels.get(channel, {"guild_id": GUILD}):
            return GUILD
        return None

    def where(self, channel: str) -> Json:
        """Return what an event says of its channel."""
        guild = self.guild_of(channel)
        return {"channel_id": channel, **({"guild_id": guild} if guild else {})}

    def publish(self, message: Json, event: str = "MESSAGE_CREATE") -> None:
        """Keep a message, and send it to each session that may see it."""
        self.messages[message["id"]] = message
        while len(self.messages) > MESSAGES:
            self.forget_message(next(iter(self.messages)))
        channel = self.channels.get(message["channel_id"], {})
        if event == "MESSAGE_CREATE":
            channel["last_message_id"] = message["id"]
        told, guild = self.shown(message), self.guild_of(message["channel_id"])
        author = message["author"]["id"]
        if guild is not None:
            told["guild_id"] = guild
            if author in self.members:
                told["member"] = self.members[author]
        for session in self._sessions.values():
            inside = guild is None or session.bot.account.id in self.members
            if not inside or not session.hears(GUILD_MESSAGES, guild):
                continue
            seen = session.sees(told)
            if event == "MESSAGE_CREATE" and not message["author"]["bot"]:
                session.bot.told(message["content"])
                if message["content"] and not seen["content"] and session.connection:
                    session.connection.hint(
                        "the bot gets messages without their content: it did not ask for the "
                        "message-content intent (intents.message_content = True)"
                    )
            session.dispatch(event, seen)

    def shown(self, message: Json, viewer: str = "") -> Json:
        """Return a copy of a message with its reactions and votes, as this user sees them."""
        marks = self.marks.get(message["id"]) or Marks()
        shown = {**message, "reactions": [one.told(viewer) for one in marks.reactions.values()]}
        if "poll" in message:
            counts = [
                {"id": number, "count": len(users), "me_voted": viewer in users}
                for number, users in marks.votes.items()
            ]
            results = {**message["poll"]["results"], "answer_counts": counts}
            shown["poll"] = {**message["poll"], "results": results}
        return shown

    def newest_messages(self) -> Iterator[Json]:
        """Yield the messages of the channels that there are, the newest first."""
        for message in reversed(self.messages.values()):
            if message["channel_id"] in self.channels:
                yield message

    def forget_message(self, identity: str) -> None:
        """Forget a message, with its reactions, its votes and its files."""
        message = self.messages.pop(identity)
        self.marks.pop(identity, None)
        for item in message["attachments"]:
            self.files.pop(path_of(item["url"]), None)

    def keep_file(self, path: str, content_type: str, data: bytes) -> str:
        """Keep a file, and return the address where it can be read."""
        self.files[path] = content_type, data
        while sum(len(item) for _, item in self.files.values()) > BYTES and len(self.files) > 1:
            del self.files[next(iter(self.files))]
        return self.rest_url.partition("/api/")[0] + path

    def account(self, identity: str) -> Account | None:
        return next((item for item in self.accounts() if item.id == identity), None)

    def accounts(self) -> list[Account]:
        return [*self.people.values(), *(bot.account for bot in self.bots.values())]

    def sessions_of(self, bot: Bot | None = None) -> list[Session]:
        return [item for item in self._sessions.values() if bot is None or item.bot is bot]

    def person(self, name: str) -> Account:
        """Return the person with this name; a new name becomes a new member of the guild.

        Raises UserMistake for a person who is banned; one who was kicked comes back.
        """
        if name not in self.people:
            self._arrive(Account(snowflake(), name))
        account = self.people[name]
        if account.id in self.shelves["bans"]:
            raise UserMistake(f"{name} cannot speak: a bot has banned {name} from the guild")
        if account.id not in self.members:
            self.join(account)
        return account

    def join(self, account: Account) -> Json:
        """Make an account a member of the guild, and tell the bots."""
        self.members[account.id] = payloads.member()
        told = {**self.members[account.id], "user": account.user()}
        self.tell("GUILD_MEMBER_ADD", {**told, "guild_id": GUILD}, MEMBERS)
        return told

    def leave(self, account: Account) -> None:
        """End a membership, and tell the bots; one that leaves hears that the guild is gone."""
        self.members.pop(account.id, None)
        for session in self._sessions.values():
            if session.bot.account.id == account.id and session.hears(GUILDS, GUILD):
                session.dispatch("GUILD_DELETE", {"id": GUILD})
        self.tell("GUILD_MEMBER_REMOVE", {"guild_id": GUILD, "user": account.user()}, MEMBERS)

    def _arrive(self, person: Account) -> None:
        self.people[person.name] = person
        self.join(person)
        identity = self.direct_id(person)
        self.channels[identity] = payloads.direct_channel(identity, person)

    def channel_id(self, name: str) -> str:
        here = self.guild_channels()
        name = name.removeprefix("#")
        for channel in here:
            if channel["name"] == name:
                return str(channel["id"])
        known = ", ".join(item["name"] for item in here)
        raise UserMistake(f"there is no channel #{name}: the guild has {known}")

    def channel_name(self, identity: str) -> str:
        """Return the name of a channel by its id: `@ada` for direct messages."""
        channel = self.channels.get(identity, {"name": "deleted"})
        if "recipients" in channel:
            return f"@{channel['recipients'][0]['username']}"
        return str(channel["name"])

    def direct_id(self, person: Account) -> str:
        return str(payloads.DIRECT + list(self.people).index(person.name))

    def commands_of(self, bot: Bot) -> list[Json]:
        """Return the slash commands that a bot has registered, everywhere and in guilds."""
        begin = f"commands of {bot.account.id}"
        shelves = [shelf for name, shelf in self.shelves.items() if name.startswith(begin)]
        return [command for shelf in shelves for command in shelf.values()]


def path_of(url: str) -> str:
    """Return the path of an address: the name under which `Hub.files` keeps a file."""
    return "/" + url.split("/", 3)[3]


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
