"""One call of the REST API: what the bot sent, and how the gateway refuses it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from autograder.world.gateway import payloads
from autograder.world.gateway.hub import Hub
from autograder.world.gateway.payloads import Account, Json
from autograder.world.gateway.session import Bot


class Refused(Exception):
    """Discord's error body: a status, a code and a message; `more` adds fields to the body."""

    def __init__(self, status: int, code: int, message: str, **more: Any) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.headers: dict[str, str] = {}
        self.body = {"message": message, "code": code, **more}


class InvalidForm(Refused):
    """A field of the body does not have the type or the size that Discord documents."""

    def __init__(self, reason: str) -> None:
        errors = {"_errors": [{"code": "INVALID", "message": reason}]}
        super().__init__(400, 50035, "Invalid Form Body", errors=errors)


@dataclass(frozen=True)
class Upload:
    """A file that came with a call."""

    field: str  # its name in the form: "files[0]", "file"
    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True)
class Reply:
    """An answer with another status than 200, or with headers."""

    value: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """One call: the names in the braces of its route are the keys of `ids`."""

    hub: Hub
    caller: Bot | None  # None: a call whose path has its own token
    route: str
    ids: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    files: tuple[Upload, ...] = ()
    reason: str | None = None  # the header X-Audit-Log-Reason

    @property
    def bot(self) -> Bot:
        """The bot that calls; `rest.py` has checked its token."""
        assert self.caller is not None
        return self.caller

    @property
    def form(self) -> Json:
        """The body, which has to be an object; nothing counts as an empty one."""
        if self.body is None:
            return {}
        if not isinstance(self.body, dict):
            raise InvalidForm("it is not an object")
        return self.body

    @property
    def rows(self) -> list[Json]:
        """The body, which has to be a list of objects."""
        return objects({"body": self.body}, "body")

    def limit(self, usual: int, highest: int) -> int:
        """Return the query's `limit`."""
        limit = self.number("limit") or usual
        if not 1 <= limit <= highest:
            raise InvalidForm(f"limit is not between 1 and {highest}")
        return limit

    def number(self, name: str) -> int:
        """Return a number of the query, such as an id; 0 when there is none."""
        text = self.query.get(name) or "0"
        if not text.isdecimal():
            raise InvalidForm(f"{name} is not a number")
        return int(text)

    def page(self, ids: Iterable[str], usual: int, highest: int) -> list[str]:
        """Return ids in their order: those between the query's `after` and `before`."""
        before, after = self.number("before"), self.number("after")
        found = [item for item in sorted(ids, key=int) if after < int(item) < (before or 1 << 64)]
        return found[: self.limit(usual, highest)]

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() in ("1", "true")

    def enter_guild(self) -> None:
        """Refuse another guild than ours, and ours when the bot has left it."""
        if self.ids["guild"] != payloads.GUILD or self.bot.account.id not in self.hub.members:
            raise Refused(404, 10004, "Unknown Guild")

    def user(self) -> Account:
        """Return the user of the path."""
        account = self.hub.account(self.ids["user"])
        if account is None:
            raise Refused(404, 10013, "Unknown User")
        return account

    def channel(self) -> Json:
        """Return the channel of the path: one of the guild, a thread, or a direct one."""
        channel = self.hub.channels.get(self.ids["channel"])
        if channel is None:
            raise Refused(404, 10003, "Unknown Channel")
        return channel

    def message(self) -> Json:
        """Return the message of the path, which has to be in the path's channel."""
        channel = self.channel()
        message = self.hub.messages.get(self.ids["message"])
        if message is None or message["channel_id"] != channel["id"]:
            raise Refused(404, 10008, "Unknown Message")
        return message


def objects(form: Json, name: str) -> list[Json]:
    """Return a list of objects that a form holds; a missing list or null is an empty one."""
    value = form.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InvalidForm(f"{name} is not a list of objects")
    return value


def picture(value: Any) -> str | None:
    """Return the hash by which Discord names a picture that came as a data URI; None for null."""
    if value is None:
        return None
    head, comma, data = str(value).partition(",")
    try:
        if not (head.startswith("data:image/") and comma):
            raise ValueError
        return hashlib.sha256(base64.b64decode(data, validate=True)).hexdigest()[:32]
    except ValueError:
        raise InvalidForm("a picture is not a data URI of an image") from None
