"""What the hub keeps of an interaction, and of what others add to a message."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field

from autograder.world.gateway.payloads import Account, Json, snowflake
from autograder.world.gateway.session import Bot


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
    opener: Interaction | None = None  # what the modal answered
    target: Json = field(default_factory=dict)  # of the context menu, as in `interaction_metadata`
    id: str = field(default_factory=snowflake)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    sent: float = field(default_factory=time.monotonic)
    acknowledged: bool = False
    original: Json | None = None  # `@original`; None while Discord shows "is thinking"
    promised: bool | None = None  # while it does: whether the answer will be ephemeral
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
