"""The table of resources: what bots create, read, change and delete, one row a kind.

A row says how a new one looks, which events tell of it, with which intent, and what Discord answers
for an id that does not exist. What differs from the usual way is in `guild.py`, `messages.py` and
their neighbours, which call the functions of this file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from autograder.world.gateway import session as intents
from autograder.world.gateway import shapes
from autograder.world.gateway.call import Call, InvalidForm, Refused, Reply, picture
from autograder.world.gateway.hub import Hub
from autograder.world.gateway.payloads import GUILD, Json, snowflake

Answer = Any  # JSON for status 200, None for 204, or a Reply
Routes = Mapping[str, Callable[[Call], Answer]]

# What a body cannot change, and what it names by a picture.
FIXED = {"id", "application_id", "guild_id", "token", "type", "url", "user", "code", "sound_id"}
FIXED |= {"creator", "creator_id", "owner_id", "last_message_id", "uses", "version"}
PICTURES = {"avatar", "banner", "cover_image", "discovery_splash", "home_header", "icon", "image"}
PICTURES |= {"splash"}

# What null does not take away: the document knows no null there.
KEPT = {"afk_timeout", "available", "discoverable_disabled", "name", "permissions"}
KEPT |= {"preferred_locale", "privacy_level", "region", "scheduled_start_time", "tags", "username"}

CREATE, UPDATE, DELETE = 0, 1, 2  # places in `events`; also added to `audit`, as Discord counts


def _itself(hub: Hub, action: int, item: Json) -> Json:
    return item


def _as_it_is(item: Json) -> None:
    """Change nothing."""


@dataclass(frozen=True)
class Kind:
    """One row of the table."""

    shelf: str  # where the hub keeps them; names in braces come from the call's path
    missing: tuple[int, str]  # the code and message of the 404
    new: Callable[[Call], Json]
    events: tuple[str, str, str] = ("", "", "")
    intent: int = intents.ALWAYS
    told: Callable[[Hub, int, Json], Json] = _itself  # the data of the event
    audit: int = 0  # the action of the audit log for a creation; 0: none
    needs: tuple[str, ...] = ()
    tidy: Callable[[Json], None] = _as_it_is  # brings what was written into Discord's form
    key: str = "id"
    created: int = 200

    def of(self, call: Call) -> dict[str, Json]:
        bot = call.caller.account.id if call.caller else ""
        return call.hub.shelves[self.shelf.format_map({"guild": GUILD, **call.ids, "bot": bot})]


def find(call: Call, kind: Kind, identity: str) -> Json:
    item = kind.of(call).get(identity)
    if item is None:
        raise Refused(404, *kind.missing)
    return item


def create(call: Call, kind: Kind) -> Json:
    for name in kind.needs:
        if call.form.get(name) in (None, ""):
            raise InvalidForm(f"{name} is required")
    fresh = kind.new(call)
    changes = written(fresh, call.form)
    item = {**fresh, **changes}
    kind.tidy(item)
    kind.of(call)[item[kind.key]] = item
    _tell(call, kind, CREATE, item, _changes({}, changes))
    return item


def update(call: Call, kind: Kind, item: Json, form: Json | None = None) -> Json:
    """Change an object; null brings back what a new one has."""
    fresh = {name: _default(name, value) for name, value in item.items()}
    before = dict(item)
    item |= written(fresh, call.form if form is None else form)
    kind.tidy(item)
    _tell(call, kind, UPDATE, item, _changes(before, item))
    return item


def delete(call: Call, kind: Kind, item: Json) -> None:
    kind.of(call).pop(item[kind.key], None)
    _tell(call, kind, DELETE, item, [])


def _tell(call: Call, kind: Kind, action: int, item: Json, changes: list[Json]) -> None:
    """Send the event of a change, and note the change in the audit log."""
    if kind.events[action]:
        call.hub.tell(kind.events[action], kind.told(call.hub, action, item), kind.intent)
    if kind.audit:
        note(call, kind.audit + action, item.get("id"), changes)


def _changes(before: Json, after: Json) -> list[Json]:
    """Return what is new, in the form of the audit log."""
    return [
        {"key": name, "new_value": value} | ({"old_value": before[name]} if name in before else {})
        for name, value in after.items()
        if before.get(name) != value
    ]


def note(call: Call, action: int, target: str | None, changes: list[Json], **options: str) -> None:
    """Write an entry of the guild's audit log."""
    entry = {
        "id": snowflake(), "action_type": action,
        "user_id": call.caller.account.id if call.caller else None, "target_id": target,
        "changes": changes,
    }  # fmt: skip
    entry |= {"options": options} if options else {}
    entry |= {"reason": call.reason} if call.reason else {}
    call.hub.audit.append(entry)
    call.hub.tell("GUILD_AUDIT_LOG_ENTRY_CREATE", {**entry, "guild_id": GUILD}, intents.MODERATION)


def written(fresh: Json, form: Json) -> Json:
    """Return what a form writes to an object that looks like `fresh`.

    What the object does not have is left out. A number becomes text where Discord answers with
    text, as in permissions. Raises InvalidForm for another wrong type.
    """
    changes: Json = {}
    for name, value in form.items():
        if name not in fresh or name in FIXED:
            continue
        usual = fresh[name]
        if value is None:
            changes[name] = usual
        elif name in PICTURES:
            changes[name] = picture(value)
        elif isinstance(usual, str) and type(value) is int:
            changes[name] = str(value)
        elif isinstance(usual, float) and type(value) is int:
            changes[name] = float(value)
        elif usual is not None and type(value) is not type(usual):
            raise InvalidForm(f"{name} is not of type {type(usual).__name__}")
        else:
            changes[name] = value
    return changes


def _default(name: str, value: Any) -> Any:
    """Return what null in a change means for a field with this value."""
    if name in KEPT:
        return value
    return None if isinstance(value, str) else type(value)()


def _three(name: str) -> tuple[str, str, str]:
    return f"{name}_CREATE", f"{name}_UPDATE", f"{name}_DELETE"


def _role_event(hub: Hub, action: int, item: Json) -> Json:
    return {"guild_id": GUILD, **({"role": item} if action != DELETE else {"role_id": item["id"]})}


def _all(shelf: str) -> Callable[[Hub, int, Json], Json]:
    return lambda hub, action, item: {"guild_id": GUILD, shelf: list(hub.shelves[shelf].values())}


def _webhook_event(hub: Hub, action: int, item: Json) -> Json:
    return {"guild_id": GUILD, "channel_id": item["channel_id"]}


def _invite_event(hub: Hub, action: int, item: Json) -> Json:
    short = {"guild_id": GUILD, "channel_id": item["channel"]["id"], "code": item["code"]}
    more = {name: item[name] for name in item.keys() - {"guild", "channel"}}
    return short if action == DELETE else {**more, **short}


EMOJI, COMMAND = (10014, "Unknown Emoji"), (10063, "Unknown application command")

# fmt: off
CHANNELS = Kind("channels", (10003, "Unknown Channel"), shapes.channel, _three("CHANNEL"),
                intents.GUILDS, audit=10, needs=("name",), tidy=shapes.tidy_channel, created=201)
ROLES = Kind("roles", (10011, "Unknown Role"), shapes.role, _three("GUILD_ROLE"), intents.GUILDS,
             _role_event, audit=30, tidy=shapes.tidy_role)
EMOJIS = Kind("emojis", EMOJI, shapes.emoji, ("GUILD_EMOJIS_UPDATE",) * 3, intents.EXPRESSIONS,
              _all("emojis"), audit=60, needs=("name", "image"), created=201)
OWN_EMOJIS = Kind("emojis of {bot}", EMOJI, shapes.emoji, needs=("name", "image"), created=201)
STICKERS = Kind("stickers", (10060, "Unknown sticker"), shapes.sticker,
                ("GUILD_STICKERS_UPDATE",) * 3, intents.EXPRESSIONS, _all("stickers"), audit=90,
                needs=("name", "tags"), created=201)
HOOKS = Kind("webhooks", (10015, "Unknown Webhook"), shapes.webhook, ("WEBHOOKS_UPDATE",) * 3,
             intents.WEBHOOKS, _webhook_event, audit=50, needs=("name",))
LINKS = Kind("invites", (10006, "Unknown Invite"), shapes.invite,
             ("INVITE_CREATE", "", "INVITE_DELETE"), intents.INVITES, _invite_event, audit=40,
             tidy=shapes.tidy_invite, key="code")
COMMANDS = Kind("commands of {bot}", COMMAND, shapes.command, needs=("name",),
                tidy=shapes.tidy_command)
GUILD_COMMANDS = replace(COMMANDS, shelf="commands of {bot} in {guild}")
ENTITLEMENTS = Kind("entitlements of {bot}", (10029, "Unknown Entitlement"), shapes.entitlement,
                    _three("ENTITLEMENT"), needs=("sku_id", "owner_id"))
EVENTS = Kind("events", (10070, "Unknown Guild Scheduled Event"), shapes.event,
              _three("GUILD_SCHEDULED_EVENT"), intents.SCHEDULED_EVENTS, audit=100,
              needs=("name", "entity_type", "scheduled_start_time"))
SOUNDS = Kind("sounds", (10097, "Unknown sound"), shapes.sound, _three("GUILD_SOUNDBOARD_SOUND"),
              intents.EXPRESSIONS, audit=130, needs=("name", "sound"), key="sound_id", created=201)
STAGES = Kind("stages", (10067, "Unknown Stage Instance"), shapes.stage, _three("STAGE_INSTANCE"),
              intents.GUILDS, audit=83, needs=("channel_id", "topic"), key="channel_id")
# fmt: on


def _routes(path: str, kind: Kind, name: str, items: str = "") -> Routes:
    """Return the five routes of a kind; `name` is its id's in the path, `items` wraps the list."""

    def listed(call: Call) -> Answer:
        shelf = kind.of(call)
        paged = {"before", "after", "limit"} & call.query.keys()
        found = [shelf[key] for key in (call.page(shelf, 100, 100) if paged else shelf)]
        return {items: found} if items else found

    def one(call: Call) -> Json:
        return find(call, kind, call.ids[name])

    path_of_one = f"{path}/{{{name}}}"
    return {
        f"GET {path}": listed,
        f"POST {path}": lambda call: Reply(create(call, kind), kind.created),
        f"GET {path_of_one}": one,
        f"PATCH {path_of_one}": lambda call: update(call, kind, one(call)),
        f"DELETE {path_of_one}": lambda call: delete(call, kind, one(call)),
    }


CARRIED: Routes = {
    **_routes("/guilds/{guild}/roles", ROLES, "role"),
    **_routes("/guilds/{guild}/emojis", EMOJIS, "emoji"),
    **_routes("/applications/{application}/emojis", OWN_EMOJIS, "emoji", "items"),
    **_routes("/applications/{application}/commands", COMMANDS, "command"),
    **_routes("/applications/{application}/guilds/{guild}/commands", GUILD_COMMANDS, "command"),
    **_routes("/applications/{application}/entitlements", ENTITLEMENTS, "entitlement"),
    **_routes("/guilds/{guild}/stickers", STICKERS, "sticker"),
    **_routes("/guilds/{guild}/scheduled-events", EVENTS, "event"),
    **_routes("/guilds/{guild}/soundboard-sounds", SOUNDS, "sound", "items"),
    **_routes("/stage-instances", STAGES, "channel"),
}

# What the five make beside the document's calls.
BEYOND = {"GET /stage-instances", "PATCH /applications/{application}/entitlements/{entitlement}"}
ROUTES: Routes = {route: do for route, do in CARRIED.items() if route not in BEYOND}
