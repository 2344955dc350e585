"""Buttons, menus and modals, as people use them: by the words that they see."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from autograder.outcomes import UserMistake
from autograder.world.gateway import contents, interactions
from autograder.world.gateway.contents import parts
from autograder.world.gateway.interactions import COMPONENT, SUBMIT
from autograder.world.gateway.kept import Interaction
from autograder.world.gateway.payloads import Json, reader_of
from autograder.world.gateway.uses import NotShown, Uses, as_typed

BUTTON, MENU, FIELD, FILE, RADIO, CHECKBOX = 2, 3, 4, 19, 21, 23
# What one chooses from: the texts of a component's options, or things of the guild.
MENUS = {MENU: "text", 5: "user", 6: "role", 7: "mentionable", 8: "channel"}
CHOICES = {**MENUS, FILE: "file", RADIO: "text", 22: "text"}  # in modals
YES_NO = {"true": True, "yes": True, "false": False, "no": False}


class Components(Uses):
    """A gateway whose buttons, menus and modals people use."""

    async def click(self, label: str, user: str = "ada", message: str | None = None) -> str:
        """Click the button with this label, emoji or custom id; return the interaction's id."""
        return (await self.clicks(label, [user], message))[0]

    async def clicks(
        self, label: str, users: Sequence[str], message: str | None = None
    ) -> list[str]:
        """Click one button as each of these people at the same moment; return the ids.

        A person may be there twice. Nothing that the bot sends comes between two of the clicks.
        """

        def named(item: Json) -> bool:
            return item["type"] == BUTTON and label in names_of(item)

        all_found = []
        for user in users:  # a message may be shown to one of them alone
            found = await self._shown(named, message, user)
            if found is None:
                why = self._why(f'the button "{label}"', named, user)
                offer = f'there is no button "{label}" to click{self._offer(BUTTON, user)}'
                raise NotShown(why or offer)
            all_found.append((found, user))
        return [self._use(*found, user, f'click "{label}"') for found, user in all_found]

    async def choose(self, *values: str, user: str = "ada", message: str | None = None) -> str:
        """Choose from the menu that has all these, by their labels or names."""
        said = " ".join(f'"{value}"' for value in values)

        def named(item: Json) -> bool:
            return item["type"] in MENUS and None not in self._values(item, values)

        def fits(item: Json) -> bool:
            return named(item) and not _wrong_number(item, len(values))

        found = await self._shown(fits, message, user)
        if found is None:
            why = self._why(f"the menu with {said}", named, user, len(values))
            offer = f"there is no menu in which one can choose {said}{self._offer(MENU, user)}"
            raise NotShown(why or offer)
        chosen = [value for value in self._values(found[1], values) if value is not None]
        entities = chosen if found[1]["type"] != MENU else []
        more = {"values": chosen, **self._resolved(entities)}
        return self._use(*found, user, f"choose {said}", more)

    async def fill(self, values: Mapping[str, str], user: str = "ada") -> str:
        """Fill in and send the modal that the bot has opened for a person.

        `values` has the fields by their labels or custom ids. Several choices are divided by
        commas, a checkbox takes "yes" or "no", and a file is an id that `attach` returned. Returns
        the interaction's id.
        """
        asked = await self._seen(lambda: self.modal_of(user))
        if asked is None or asked.modal is None:
            others = [name for name in self.people if self.modal_of(name)]
            instead = f"; it has opened one for {', '.join(others)}" if others else ""
            raise NotShown(f"the bot has opened no modal for {user}{instead}")
        modal, rest, picked = asked.modal, dict(values), list[str]()
        filled = [self._filled(item, rest, picked) for item in modal["components"]]
        if rest:
            seen = contents.modal_text(modal)
            raise UserMistake(f"the modal has no field {next(iter(rest))}: it shows {seen}")
        name, said = modal["custom_id"], f"fill {as_typed(values)}"
        sent = Interaction(
            SUBMIT, name, said, asked.bot, asked.user, asked.channel, asked.message, opener=asked
        )
        asked.modal = None
        data = {"custom_id": name, "components": filled, **self._resolved(picked)}
        return interactions.send(self, sent, data)

    def modal_of(self, user: str) -> Interaction | None:
        """Return the last interaction of a person that the bot answered with a modal."""
        newest = reversed(self.interactions.values())
        return next((one for one in newest if one.modal and one.user.name == user), None)

    async def _shown(
        self, fits: Callable[[Json], bool], message: str | None, user: str
    ) -> tuple[Json, Json] | None:
        """Return the newest message with a component that fits and can be used, and that one."""
        reader = self.person(user).id

        def newest() -> tuple[Json, Json] | None:
            for one in self.newest_messages(reader):
                for item in parts(one["components"]) if message in (None, one["id"]) else ():
                    if _usable(item) and fits(item):
                        return one, item
            return None

        return await self._seen(newest)

    def _why(
        self, what: str, named: Callable[[Json], bool], user: str, choices: int | None = None
    ) -> str:
        """Return why something that a message has cannot be used; "" if no message has it."""
        everybody = {person.id: name for name, person in self.people.items()}
        for message in self.newest_messages(*everybody):
            for item in filter(named, parts(message["components"])):
                reader = everybody.get(reader_of(message) or "", user)
                if reader != user:
                    return f"only {reader} sees {what}"
                if "url" in item:
                    return f"{what} opens {item['url']}: the bot hears nothing of it"
                if item.get("disabled"):
                    return f"{what} is disabled"
                if choices is not None and (takes := _wrong_number(item, choices)):
                    return f"{what} takes {takes}, not {choices}"
        return ""

    def _offer(self, kind: int, user: str) -> str:
        """Return what there is instead, as the end of a sentence."""
        seen = self.newest_messages(self.person(user).id)
        usable = [item for one in seen for item in parts(one["components"]) if _usable(item)]
        labels = [
            name
            for item in usable
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

    def _values(self, menu: Json, values: tuple[str, ...]) -> list[str | None]:
        """Return the values of a menu's options; None for one that it does not have."""
        rows = menu.get("options", ())
        if CHOICES[menu["type"]] == "text":
            known = {row[name]: row["value"] for name in ("value", "label") for row in rows}
            return [known.get(value) for value in values]
        return [self._id(CHOICES[menu["type"]], value) for value in values]

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
            return {"value": _written(item, name, given)}
        if item["type"] == CHECKBOX:
            if given is not None and given.lower() not in YES_NO:
                raise UserMistake(f"the field {name} takes yes or no, not {given}")
            return {"value": bool(item.get("default")) if given is None else YES_NO[given.lower()]}
        if item["type"] not in CHOICES:
            raise UserMistake(f"the field {name} is of a kind that this gateway cannot fill in")
        values = self._entered(item, name, given)
        if not values and item.get("required", True):
            raise UserMistake(f"the field {name} must be filled in")
        return {"value": next(iter(values), None)} if item["type"] == RADIO else {"values": values}

    def _entered(self, item: Json, name: str, given: str | None) -> list[str]:
        """Return the values of what is given, which may be several divided by commas."""
        if given is None:
            return [row["value"] for row in item.get("options", ()) if row.get("default")]
        whole = self._values(item, (given,))  # a label may have commas of its own
        parts = tuple(one.strip() for one in given.split(",") if one.strip())
        values = [value for value in self._values(item, parts) if value is not None]
        if None not in whole:
            parts, values = (given,), [value for value in whole if value is not None]
        if len(values) != len(parts):
            there = ", ".join(row["label"] for row in item.get("options", ()))
            raise UserMistake(
                f"in the field {name} one cannot choose {given}{there and f'; there is {there}'}"
            )
        if parts and (takes := _wrong_number(item, len(parts))):
            raise UserMistake(f"the field {name} takes {takes}, not {len(parts)}")
        return values


def names_of(item: Json) -> list[str]:
    """Return the words by which people, or the bot's author, call a component."""
    emoji, label = (item.get("emoji") or {}).get("name"), item.get("label")
    both = f"{emoji} {label}" if emoji and label else None
    names = (label, item.get("placeholder"), emoji, both, item.get("custom_id"))
    return [str(name) for name in names if name]


def _usable(item: Json) -> bool:
    return "custom_id" in item and not item.get("disabled")


def _wrong_number(menu: Json, number: int) -> str:
    """Return how many choices a menu takes, in words; "" if it takes this number of them."""
    least = 1 if menu["type"] == RADIO else menu.get("min_values", 1)
    most = 1 if menu["type"] == RADIO else menu.get("max_values", len(menu.get("options", ())))
    if least <= number <= most:
        return ""
    return f"{f'{least} to ' if least < most else ''}{most} choice{'s' if most > 1 else ''}"


def _written(item: Json, name: str, given: str | None) -> str:
    """Return the text of a field; it has to be as long as the field asks for."""
    text = item.get("value") or "" if given is None else given
    least, most = item["min_length"] or 0, item["max_length"] or 4000
    if not text and item.get("required", True):
        raise UserMistake(f"the field {name} must be filled in")
    if text and len(text) < least:
        raise UserMistake(f"the field {name} takes {least} characters or more")
    if len(text) > most:
        raise UserMistake(f"the field {name} takes {most} characters")
    return text
