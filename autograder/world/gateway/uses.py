"""Commands, as people use them: those with a slash, and those of the context menu.

An act finds what it is about by the words that people see, the newest message first. What the bot
has not shown yet is waited for, up to PATIENCE, and then NotShown is raised.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from autograder.outcomes import UserMistake
from autograder.world.gateway import interactions
from autograder.world.gateway.hub import HOME, Hub
from autograder.world.gateway.interactions import AUTOCOMPLETE, COMMAND
from autograder.world.gateway.kept import Interaction
from autograder.world.gateway.payloads import ALL_PERMISSIONS, Account, Json, snowflake
from autograder.world.gateway.session import Bot

T = TypeVar("T")
PATIENCE = 5.0  # s: a bot shows, registers or says within this time what somebody waits for
# A person needs this long, in s, to see what came. Libraries register a view or a modal only when
# the answer to their call has arrived: without a pause, one of 12 runs beside 4 hogs lost a modal.
REACTION = 0.25
TEXT = 3
KINDS_OF_OPTION = {str: TEXT, int: 4, bool: 5, float: 10}
# Options whose values are ids.
PICKED = {6: "user", 7: "channel", 8: "role", 9: "mentionable", 11: "file"}
SUBCOMMAND, GROUP = 1, 2
SLASH, ON_USER, ON_MESSAGE = 1, 2, 3  # kinds of command; the last two are in context menus


class NotShown(UserMistake):
    """The bot did not show in time what a person wanted to use."""


class Uses(Hub):
    """A gateway whose commands people use."""

    async def command(
        self,
        command: str,
        user: str = "ada",
        channel: str | None = HOME,
        options: Mapping[str, Any] | None = None,
    ) -> str:
        """Use a slash command as a person, and return the interaction's id.

        A subcommand stands behind its command: "admin ban". People, roles and channels are given by
        name. Channel None: directly to the bot.
        """
        interaction, data = self._used(COMMAND, command, user, channel, options or {})
        return interactions.send(self, interaction, data)

    interact = command  # its first name, which learners' notebooks have

    async def suggest(
        self,
        command: str,
        options: Mapping[str, Any],
        user: str = "ada",
        channel: str | None = HOME,
    ) -> list[str]:
        """Type the last option of a command, and return what the bot suggests for it."""
        if not options:
            raise UserMistake(f"/{command}: name the option that is typed")
        interaction, data = self._used(AUTOCOMPLETE, command, user, channel, options)
        leaf = data
        while leaf.get("options"):
            leaf = leaf["options"][-1]
        leaf["focused"] = True
        interactions.send(self, interaction, data)
        if not await self.journal.when(lambda: interaction.acknowledged, PATIENCE):
            raise NotShown(f"{interaction.said}: the bot suggested nothing for {PATIENCE:g} s")
        return [str(item.get("name")) for item in interaction.choices or ()]

    def _used(
        self, kind: int, command: str, user: str, channel: str | None, options: Mapping[str, Any]
    ) -> tuple[Interaction, Json]:
        """Return the interaction of a command, and its data; the newest bot gets an unknown one."""
        name, *path = command.split()
        person = self.person(user)
        registered = self.registered(name)
        bots = [bot for bot, _ in registered] or [one.bot for one in self.sessions_of()][-1:]
        if not bots:
            raise UserMistake(
                f"/{command} reached nobody: no bot has identified itself yet; "
                "wait for one with `await gw.until(ready=1)`"
            )
        found: Json = registered[0][1] if registered else {"id": snowflake()}
        declared = {item["name"]: item for item in options_of(found, path)}
        told = [self._option(key, value, declared.get(key)) for key, value in options.items()]
        ids = [str(item["value"]) for item in told if item["type"] in PICKED]
        for depth, part in enumerate(reversed(path)):
            told = [{"name": part, "type": GROUP if depth else SUBCOMMAND, "options": told}]
        files = {key: self.uploads.get(str(value)) for key, value in options.items()}
        typed = {key: file["filename"] for key, file in files.items() if file}
        said = f"/{command} {as_typed({**options, **typed})}".rstrip()
        place = self._place(channel, person)
        interaction = Interaction(kind, command, said, bots[0], person, place)
        data = {"id": found["id"], "name": name, "type": SLASH, "options": told}
        return interaction, data | _home(found) | self._resolved(ids)

    def _place(self, channel: str | None, person: Account) -> str:
        return self.direct_id(person) if channel is None else self.channel_id(channel)

    def registered(self, name: str = "", *kinds: int) -> list[tuple[Bot, Json]]:
        """Return the commands with this name, or all, each with its bot; by default slash ones."""
        return [
            (bot, item)
            for bot in self.bots.values()
            for item in self.commands_of(bot)
            if item.get("type", SLASH) in (kinds or (SLASH,)) and name in ("", item["name"])
        ]

    def _option(self, name: str, value: Any, declared: Json | None) -> Json:
        """Return an option with the type that the command declares, or that its value has."""
        declared = declared or {"type": KINDS_OF_OPTION.get(type(value), TEXT)}
        kind = declared["type"]
        for choice in declared.get("choices") or ():
            value = choice["value"] if value == choice["name"] else value
        if kind in PICKED:
            value = self._id(PICKED[kind], str(value)) or self._arriving(PICKED[kind], str(value))
        return {"name": name, "type": kind, "value": str(value) if kind == TEXT else value}

    def _arriving(self, what: str, name: str) -> str:
        """Return the id of a person who was not here before."""
        if what != "user":
            raise UserMistake(f"there is no {what} {name}")
        return self.person(name.removeprefix("@")).id

    def _id(self, what: str, name: str) -> str | None:
        """Return the id of a user, a role or a channel that is called like this."""
        users = {one.name: one.id for one in self.accounts()}
        roles = {str(one["name"]): key for key, one in self.roles.items()}
        here = {str(one["name"]): one["id"] for one in self.guild_channels()}
        every = {"user": users, "role": roles, "channel": here, "mentionable": roles | users}
        ids = every.get(what, {key: key for key in self.uploads})
        return name if name in ids.values() else ids.get(name) or ids.get(name.lstrip("@#"))

    def _resolved(self, ids: list[str]) -> Json:
        """Return what the chosen ids stand for, as `resolved`."""
        told: defaultdict[str, Json] = defaultdict(dict)
        for identity in ids:
            account = self.account(identity)
            if account is not None:
                told["users"][identity] = account.user()
            if identity in self.members:
                member = {**self.members[identity], "permissions": ALL_PERMISSIONS}
                told["members"][identity] = member
            for name, shelf in (("roles", self.roles), ("attachments", self.uploads)):
                if identity in shelf:
                    told[name][identity] = shelf[identity]
            if identity in self.channels:
                channel = {**self.channels[identity], "permissions": ALL_PERMISSIONS}
                told["channels"][identity] = channel
        return {"resolved": dict(told)} if told else {}

    async def use(self, command: str, target: str | None = None, user: str = "ada") -> str:
        """Use a command of the context menu as a person, and return the interaction's id.

        Target: the name of a person, or the id of a message. A command on messages takes the newest
        one of that person. Without a target it is the newest message, or its author.
        """
        person = self.person(user)
        found = await self._seen(lambda: self.registered(command, ON_USER, ON_MESSAGE))
        if not found:
            every = ", ".join(one["name"] for _, one in self.registered("", ON_USER, ON_MESSAGE))
            has = f"it has {every}" if every else "it has none"
            raise NotShown(f'the bot has registered no "{command}" for the context menu; {has}')
        at = next((one for one in self.newest_messages() if self._names(target, one)), None)
        kind = ON_MESSAGE if target is None or target in self.messages else ON_USER
        bot, made = next((one for one in found if one[1]["type"] == kind), found[0])
        identity, told, more = self._aim(made["type"], target, at)
        said = f'use "{command}"{f" on {target}" if target else ""}'
        place = at["channel_id"] if at else self.channel_id(HOME)
        used = Interaction(COMMAND, command, said, bot, person, place, target=told)
        data = {"id": made["id"], "name": command, "type": made["type"], "target_id": identity}
        return interactions.send(self, used, data | _home(made) | more)

    def _names(self, target: str | None, message: Json) -> bool:
        return target in (None, message["id"], message["author"]["username"])

    def _aim(self, kind: int, target: str | None, at: Json | None) -> tuple[str, Json, Json]:
        """Return the id of what a context menu is opened on, and what is told of it, twice."""
        if kind == ON_MESSAGE and at is not None:
            more = {"resolved": {"messages": {at["id"]: self.shown(at)}}}
            return at["id"], {"target_message_id": at["id"]}, more
        identity = self._id("user", target) if target else at and at["author"]["id"]
        account = self.account(identity or "")
        if kind == ON_MESSAGE or account is None:
            what = "message" if kind == ON_MESSAGE or target is None else f"member {target}"
            raise UserMistake(f"there is no {what} here to open the context menu on")
        return account.id, {"target_user": account.user()}, self._resolved([account.id])

    async def _seen(self, find: Callable[[], T | None]) -> T | None:
        """Wait for what `find` finds, and then until a person has seen what came last."""
        if not await self.journal.when(find, PATIENCE):
            return None
        last = self.journal.events[-1]["at"] if self.journal.events else 0.0  # after a reset
        await asyncio.sleep(last + REACTION - time.monotonic())
        return find()


def _home(command: Json) -> Json:
    """Return the guild of a command that is registered in one: libraries look it up there."""
    return {"guild_id": command["guild_id"]} if "guild_id" in command else {}


def options_of(command: Json, path: list[str]) -> list[Json]:
    """Return the options of a command, or of its subcommand that a path leads to.

    Raises UserMistake for a path that the command does not have.
    """
    found: list[Json] = command.get("options") or []
    for part in path:
        inside = {item["name"]: item for item in found if item["type"] in (SUBCOMMAND, GROUP)}
        if part not in inside and "name" in command:
            has = f"it has {', '.join(inside)}" if inside else f"for an option write NAME={part}"
            raise UserMistake(f"/{command['name']} has no subcommand {part}: {has}")
        found = inside.get(part, {}).get("options") or []
    return found


def as_typed(values: Mapping[str, Any]) -> str:
    """Return named values as they are typed: `city="New York" days=3`."""
    return " ".join(f"{_quoted(name)}={_quoted(value)}" for name, value in values.items())


def _quoted(value: Any) -> str:
    text = str(value)
    if text and not re.search(r"[\s\"'\\]", text):
        return text
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
