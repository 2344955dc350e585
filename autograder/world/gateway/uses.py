"""What people use: slash commands, buttons, menus and modals.

An act finds what it is about by the words that people see, the newest message first. What the bot
has not shown yet is waited for, up to PATIENCE, and then NotShown is raised.
"""

from __future__ import annotations

import asyncio
import shlex
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from autograder.outcomes import UserMistake
from autograder.world.gateway import contents, interactions
from autograder.world.gateway.contents import parts
from autograder.world.gateway.hub import Hub, Interaction
from autograder.world.gateway.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, SUBMIT
from autograder.world.gateway.payloads import ALL_PERMISSIONS, Account, Json, snowflake
from autograder.world.gateway.session import Bot

T = TypeVar("T")
PATIENCE = 5.0  # s: a bot shows, registers or says within this time what somebody waits for
# A person needs this long, in s, to see what came. Libraries register a view or a modal only when
# the answer to their call has arrived: without a pause, one of 12 runs beside 4 hogs lost a modal.
REACTION = 0.25
BUTTON, MENU, FIELD, RADIO, CHECKBOX = 2, 3, 4, 21, 23
# What one chooses from: the texts of a component's options, or things of the guild.
MENUS = {MENU: "text", 5: "user", 6: "role", 7: "mentionable", 8: "channel"}
CHOICES = {**MENUS, 19: "file", RADIO: "text", 22: "text"}  # in modals
TEXT = 3
KINDS_OF_OPTION = {str: TEXT, int: 4, bool: 5, float: 10}
# Options whose values are ids.
PICKED = {6: "user", 7: "channel", 8: "role", 9: "mentionable", 11: "file"}
SUBCOMMAND, GROUP = 1, 2


class NotShown(UserMistake):
    """The bot did not show in time what a person wanted to use."""


class Uses(Hub):
    """A gateway whose commands and components people use."""

    # -- commands ----------------------------------------------------------------------------------

    async def command(
        self,
        command: str,
        user: str = "ada",
        channel: str | None = "general",
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
        channel: str | None = "general",
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
        said = f"/{command} {_pairs({**options, **typed})}".rstrip()
        place = self._place(channel, person)
        interaction = Interaction(kind, command, said, bots[0], person, place)
        data = {"id": found["id"], "name": name, "type": 1, "options": told}
        return interaction, data | self._resolved(ids)

    def _place(self, channel: str | None, person: Account) -> str:
        return self.direct_id(person) if channel is None else self.channel_id(channel)

    def registered(self, name: str = "") -> list[tuple[Bot, Json]]:
        """Return the slash commands with this name, or all, each with its bot."""
        return [
            (bot, item)
            for bot in self.bots.values()
            for item in self.commands_of(bot)
            if item.get("type", 1) == 1 and name in ("", item["name"])
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

    # -- buttons, menus and modals -----------------------------------------------------------------

    async def click(self, label: str, user: str = "ada", message: str | None = None) -> str:
        """Click the button with this label, emoji or custom id; return the interaction's id."""

        def fits(item: Json) -> bool:
            return item["type"] == BUTTON and label in names_of(item)

        found = await self._shown(fits, message)
        if found is None:
            raise NotShown(f'there is no button "{label}" to click{self._offer(BUTTON)}')
        return self._use(*found, user, f'click "{label}"')

    async def choose(self, *values: str, user: str = "ada", message: str | None = None) -> str:
        """Choose from the menu that has all these, by their labels or names."""
        said = " ".join(f'"{value}"' for value in values)

        def fits(item: Json) -> bool:
            return item["type"] in MENUS and self._chosen(item, values) is not None

        found = await self._shown(fits, message)
        if found is None:
            raise NotShown(f"there is no menu in which one can choose {said}{self._offer(MENU)}")
        chosen = self._chosen(found[1], values) or []
        entities = chosen if found[1]["type"] != MENU else []
        more = {"values": chosen, **self._resolved(entities)}
        return self._use(*found, user, f"choose {said}", more)

    async def fill(self, values: Mapping[str, str], user: str = "ada") -> str:
        """Fill in and send the modal that the bot has opened for a person.

        `values` has the fields by their labels or custom ids. Several choices are divided by
        commas, a checkbox takes "yes" or "no", and a file is an id that `attach` returned. Returns
        the interaction's id.
        """
        person = self.person(user)

        def opened() -> Interaction | None:
            newest = reversed(self.interactions.values())
            return next((one for one in newest if one.modal and one.user.id == person.id), None)

        asked = await self._seen(opened)
        if asked is None or asked.modal is None:
            raise NotShown(f"the bot has opened no modal for {user}")
        modal, rest, picked = asked.modal, dict(values), list[str]()
        filled = [self._filled(item, rest, picked) for item in modal["components"]]
        if rest:
            seen = contents.modal_text(modal)
            raise UserMistake(f"the modal has no field {next(iter(rest))}: it shows {seen}")
        said = f"fill {_pairs(values)}"
        name = modal["custom_id"]
        sent = Interaction(SUBMIT, name, said, asked.bot, person, asked.channel, asked.message)
        asked.modal = None
        data = {"custom_id": name, "components": filled, **self._resolved(picked)}
        return interactions.send(self, sent, data)

    async def _shown(
        self, fits: Callable[[Json], bool], message: str | None
    ) -> tuple[Json, Json] | None:
        """Return the newest message with a component that fits and can be used, and that one."""

        def newest() -> tuple[Json, Json] | None:
            for one in self.newest_messages():
                for item in parts(one["components"]) if message in (None, one["id"]) else ():
                    if "custom_id" in item and not item.get("disabled") and fits(item):
                        return one, item
            return None

        return await self._seen(newest)

    async def _seen(self, find: Callable[[], T | None]) -> T | None:
        """Wait for what `find` finds, and then until a person has seen what came last."""
        if not await self.journal.when(find, PATIENCE):
            return None
        await asyncio.sleep(self.journal.events[-1]["at"] + REACTION - time.monotonic())
        return find()

    def _offer(self, kind: int) -> str:
        """Return what there is instead, as the end of a sentence."""
        every = [item for one in self.newest_messages() for item in parts(one["components"])]
        labels = [
            name
            for item in every
            if item["type"] == kind
            for name in [row["label"] for row in item.get("options", ())] or names_of(item)[:1]
        ]
        return f"; there is {', '.join(dict.fromkeys(labels))}" if labels else ""

    def _use(
        self, message: Json, item: Json, user: str, said: str, more: Json | None = None
    ) -> str:
        maker = message.get("application_id") or message["author"]["id"]
        bot = next((bot for bot in self.bots.values() if bot.account.id == maker), None)
        if bot is None:
            raise UserMistake(f"{said} reached nobody: no bot has sent the message")
        name, place = item["custom_id"], message["channel_id"]
        used = Interaction(COMPONENT, name, said, bot, self.person(user), place, message)
        data = {"custom_id": name, "component_type": item["type"], "id": item["id"]}
        return interactions.send(self, used, {**data, **(more or {})})

    def _chosen(self, menu: Json, values: tuple[str, ...]) -> list[str] | None:
        """Return the values of a menu's options; None if it lacks one, or their number is wrong."""
        rows = menu.get("options", ())
        if CHOICES[menu["type"]] == "text":
            known = {row[name]: row["value"] for name in ("value", "label") for row in rows}
            found = [known.get(value) for value in values]
        else:
            found = [self._id(CHOICES[menu["type"]], value) for value in values]
        chosen = [value for value in found if value is not None]
        fits = menu.get("min_values", 1) <= len(chosen) <= menu.get("max_values", len(rows))
        return chosen if fits and len(chosen) == len(values) else None

    def _filled(
        self, item: Json, values: dict[str, str], picked: list[str], label: str | None = None
    ) -> Json:
        """Return a component of a modal as it is sent back, and take its value out of `values`."""
        told: Json = {"type": item["type"], "id": item["id"]}
        if "components" in item:
            told["components"] = [self._filled(row, values, picked) for row in item["components"]]
        if "component" in item:
            told["component"] = self._filled(item["component"], values, picked, item.get("label"))
        if "custom_id" in item:
            told["custom_id"] = item["custom_id"]
            names = [label, *names_of(item)] if label else names_of(item)
            given = next((values.pop(name) for name in names if name in values), None)
            told |= self._entry(item, names[0], given)
            picked += told.get("values", ()) if CHOICES.get(item["type"]) != "text" else ()
        return told

    def _entry(self, item: Json, name: str, given: str | None) -> Json:
        """Return what is sent of a field: the given value, or the one that it shows."""
        if item["type"] == FIELD:
            value = item.get("value") or "" if given is None else given
            if not value and item.get("required", True):
                raise UserMistake(f"the field {name} must be filled in")
            if len(value) > (item["max_length"] or 4000):
                raise UserMistake(f"the field {name} takes {item['max_length']} characters")
            return {"value": value}
        if item["type"] == CHECKBOX:
            return {"value": bool(item.get("default")) if given is None else given == "yes"}
        if item["type"] not in CHOICES:
            raise UserMistake(f"the field {name} is of a kind that this gateway cannot fill in")
        values: list[str] | None
        if given is None:
            values = [row["value"] for row in item.get("options", ()) if row.get("default")]
        else:
            values = self._chosen(item, tuple(one.strip() for one in given.split(",")))
        if values is None:
            raise UserMistake(f"in the field {name} one cannot choose {given}")
        if not values and item.get("required", True):
            raise UserMistake(f"the field {name} must be filled in")
        return {"value": next(iter(values), None)} if item["type"] == RADIO else {"values": values}


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


def names_of(item: Json) -> list[str]:
    """Return the words by which people, or the bot's author, call a component."""
    emoji, label = (item.get("emoji") or {}).get("name"), item.get("label")
    both = f"{emoji} {label}" if emoji and label else None
    names = (label, item.get("placeholder"), emoji, both, item.get("custom_id"))
    return [str(name) for name in names if name]


def _pairs(values: Mapping[str, Any]) -> str:
    """Return named values as they are typed."""
    return " ".join(shlex.quote(f"{name}={value}") for name, value in values.items())
