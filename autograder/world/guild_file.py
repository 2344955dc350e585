"""The guild of somebody's own, from a TOML file: a bot finds the ids there that it has in its code.

`read` returns a `Plan`; the lists that a file leaves out are as in the course. Each mistake raises
UserMistake with a sentence that names the place and what may be written there.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.outcomes import UserMistake
from autograder.world.gateway import payloads
from autograder.world.gateway.payloads import Json, Plan, snowflake

EXAMPLE = """\
name = "Chess club"
id = 812345678901234567

[[channels]]
name = "lounge"
id = 812345678901234568
category = "Talk"       # made if no channel of this file is called so
topic = "Say hello"     # type = "voice", "category", "news", "stage" or "forum"; text without it

[[roles]]
name = "Moderator"
id = 812345678901234569
permissions = 8         # color, hoist, mentionable

[[members]]
name = "ada"
id = 812345678901234570
nick = "Countess"
roles = ["Moderator"]

[[messages]]
channel = "lounge"
author = "ada"
id = 812345678901234571
content = "React here to get your roles"
"""
_TYPES = {"text": 0, "voice": 2, "category": 4, "news": 5, "stage": 13, "forum": 15}
_OF_ROLES = {"name": str, "id": int, "color": int, "permissions": int, "hoist": bool}
_TABLES: dict[str, dict[str, type]] = {
    "channels": {"name": str, "id": int, "type": str, "category": str, "topic": str},
    "roles": {**_OF_ROLES, "mentionable": bool},
    "members": {"name": str, "id": int, "nick": str, "roles": list},
    "messages": {"channel": str, "author": str, "id": int, "content": str},
}
_TOP: dict[str, type] = {"name": str, "id": int, "owner": str, **dict.fromkeys(_TABLES, list)}


def read(file: str) -> Plan:
    """Return the guild that a file describes."""
    try:
        with Path(file).open("rb") as stream:
            return _File(file, tomllib.load(stream)).plan()
    except (OSError, UnicodeDecodeError) as error:
        raise UserMistake(f"--guild {file} cannot be read: {error}.") from None
    except tomllib.TOMLDecodeError as error:
        raise UserMistake(f"--guild {file} is not TOML: {error}.") from None


class _File:
    """One file, while it is read."""

    def __init__(self, file: str, content: Json) -> None:
        self._file, self._content = file, content
        self._known: dict[str, str] = {}  # where each id stands
        self._check("the file", content, _TOP)
        for table, kinds in _TABLES.items():
            for number, row in enumerate(content.get(table, ()), 1):
                where = f"{table}, number {number}"
                if not isinstance(row, dict):
                    raise self._wrong(where, f"write it below a line [[{table}]]")
                self._check(where, row, kinds)
                needed = ("channel", "author", "content") if table == "messages" else ("name",)
                for name in needed:
                    if not row.get(name):
                        raise self._wrong(where, f"{name} is missing")

    def plan(self) -> Plan:
        content, usual = self._content, Plan()
        guild = {name: content[name] for name in ("name",) if name in content}
        guild["id"] = self._id("the file", content) if "id" in content else payloads.GUILD
        channels = list(self._channels()) if "channels" in content else usual.channels
        people = dict(self._named("members")) if "members" in content else dict(usual.people)
        roles = dict(self._named("roles"))
        owner = content.get("owner", next(iter(people)))
        if owner not in people:
            raise self._wrong("owner", f"no member is called {owner}")
        guild["owner_id"] = people[owner]
        return Plan(
            guild=guild,
            roles=list(self._roles(roles)),
            channels=channels,
            people=people,
            members=dict(self._members(roles)),
            messages=list(self._messages(channels, people)),
        )

    def _channels(self) -> Iterator[Json]:
        rows = self._content["channels"]
        ids = dict(self._named("channels"))
        for name in dict.fromkeys(row["category"] for row in rows if "category" in row):
            if name not in ids:
                ids[name] = snowflake()
                yield payloads.channel(ids[name], name, 0, payloads.CATEGORY)
        for place, row in enumerate(rows):
            kind = row.get("type", "text")
            if kind not in _TYPES:
                raise self._wrong(row["name"], f"type is one of {', '.join(_TYPES)}, not {kind}")
            shape = payloads.channel(ids[row["name"]], row["name"], place, _TYPES[kind])
            more = {name: row[name] for name in ("topic",) if name in row and name in shape}
            yield {**shape, **more, "parent_id": ids.get(row.get("category", ""))}

    def _roles(self, ids: dict[str, str]) -> Iterator[Json]:
        for place, row in enumerate(self._content.get("roles", ()), 1):
            shape = payloads.role(ids[row["name"]], row["name"], place)
            told = {name: row[name] for name in ("color", "hoist", "mentionable") if name in row}
            told["permissions"] = str(row.get("permissions", 0))
            told["colors"] = {**shape["colors"], "primary_color": row.get("color", 0)}
            yield shape | told

    def _members(self, roles: dict[str, str]) -> Iterator[tuple[str, Json]]:
        for row in self._content.get("members", ()):
            given = row.get("roles", ())
            for name in given:
                if name not in roles:
                    raise self._wrong(row["name"], f"no role is called {name}")
            yield row["name"], {"nick": row.get("nick"), "roles": [roles[name] for name in given]}

    def _messages(self, channels: list[Json], people: dict[str, str]) -> Iterator[tuple[str, Json]]:
        places = {channel["name"]: channel["id"] for channel in channels}
        for row in self._content.get("messages", ()):
            if row["channel"].lstrip("#") not in places:
                raise self._wrong("messages", f"no channel is called {row['channel']}")
            if row["author"] not in people:
                raise self._wrong("messages", f"no member is called {row['author']}")
            told = {"channel_id": places[row["channel"].lstrip("#")], "content": row["content"]}
            yield row["author"], told | {"id": self._id("messages", row)}

    def _named(self, table: str) -> Iterator[tuple[str, str]]:
        """Yield the names of a table with their ids; a name stands once."""
        seen = set()
        for row in self._content.get(table, ()):
            if row["name"] in seen:
                raise self._wrong(table, f"{row['name']} stands there twice")
            seen.add(row["name"])
            yield row["name"], self._id(f"{table}, {row['name']}", row)

    def _id(self, where: str, row: Json) -> str:
        """Return the id of a row, or a new one; no two things have the same."""
        identity = str(row.get("id") or snowflake())
        if identity in self._known:
            raise self._wrong(where, f"{self._known[identity]} has the same id, {identity}")
        self._known[identity] = where
        return identity

    def _check(self, where: str, row: Json, kinds: dict[str, type]) -> None:
        """Raise UserMistake for a name that means nothing here, or a value of another type."""
        for name, value in row.items():
            if name not in kinds:
                raise self._wrong(where, f"{name} means nothing there; it takes {', '.join(kinds)}")
            if type(value) is not kinds[name] and not _is_id(name, value):
                what = _WORDS[kinds[name]]
                raise self._wrong(where, f"{name} is {what}, and not {value!r}")
            if name == "id" and not (_is_id(name, str(value)) and int(value) < 1 << 63):
                raise self._wrong(
                    where, f"the id {value} is none of Discord's: write 17 to 19 digits"
                )

    def _wrong(self, where: str, what: str) -> UserMistake:
        return UserMistake(f"{self._file}: {where}: {what}.")


def _is_id(name: str, value: Any) -> bool:
    return name == "id" and isinstance(value, str) and value.isdecimal()


_WORDS: dict[type, str] = {
    str: "text in quotes",
    int: "a number",
    bool: "true or false",
    list: "a list",
}
