"""How new things look before a bot writes to them, in the document's shapes.

The shapes are data: here several keys share a line, for one a line would be ten screens.
"""

from __future__ import annotations

import secrets

from autograder.world.gateway import payloads
from autograder.world.gateway.call import Call, InvalidForm, Refused, picture
from autograder.world.gateway.payloads import GUILD, Json, now, snowflake

IN_INVITES = (  # what an invite tells of its guild
    "id", "name", "splash", "banner", "description", "icon", "features", "nsfw", "nsfw_level",
    "verification_level", "vanity_url_code", "premium_subscription_count",
)  # fmt: skip


def channel(call: Call) -> Json:
    kind = call.form.get("type") or payloads.TEXT
    if kind not in (0, 2, 4, 5, 13, 15, 16):
        raise InvalidForm("type is not a kind of channel that a guild has")
    return payloads.channel(snowflake(), "", len(call.hub.guild_channels()), kind)


def thread(parent: str, identity: str, kind: int, owner: str) -> Json:
    moment = now()
    metadata = {"archived": False, "archive_timestamp": moment, "auto_archive_duration": 1440}
    return {
        "id": identity, "type": kind, "guild_id": GUILD, "parent_id": parent, "owner_id": owner,
        "name": "", "last_message_id": None, "rate_limit_per_user": 0, "message_count": 0,
        "member_count": 1, "total_message_sent": 0, "flags": 0,
        "thread_metadata": {**metadata, "locked": False, "create_timestamp": moment},
    }  # fmt: skip


def thread_member(thread: str, user: str) -> Json:
    return {"id": thread, "user_id": user, "join_timestamp": now(), "flags": 0}


def role(call: Call) -> Json:
    return payloads.role(snowflake(), "new role", len(call.hub.roles))


def emoji(call: Call) -> Json:
    image = str(call.form["image"])
    picture(image)
    return {
        "id": snowflake(), "name": "", "roles": [], "require_colons": True, "managed": False,
        "animated": image.startswith("data:image/gif"), "available": True,
        "user": call.bot.account.user(),
    }  # fmt: skip


FORMATS = {"image/png": 1, "image/apng": 2, "application/json": 3, "image/gif": 4}


def sticker(call: Call) -> Json:
    if not call.files:
        raise InvalidForm("file is required")
    shape: Json = {"id": snowflake(), "name": "", "tags": "", "description": None, "type": 2}
    shape |= {"format_type": FORMATS.get(call.files[0].content_type, 1), "available": True}
    return {**shape, "guild_id": GUILD, "user": call.bot.account.user()}


def webhook(call: Call) -> Json:
    identity, token = snowflake(), secrets.token_urlsafe(48)
    return {
        "id": identity, "type": 1, "application_id": call.bot.account.id, "avatar": None,
        "channel_id": call.channel()["id"], "guild_id": GUILD, "name": "",
        "user": call.bot.account.user(), "token": token,
        "url": f"{call.hub.rest_url}/webhooks/{identity}/{token}",
    }  # fmt: skip


def command(call: Call) -> Json:
    guild = call.ids.get("guild")
    return {
        "id": snowflake(), "application_id": call.bot.account.id, "version": snowflake(),
        "type": call.form.get("type") or 1, "name": "", "name_localizations": None,
        "description": "", "description_localizations": None, "options": [],
        "default_member_permissions": None, "dm_permission": True, "contexts": None,
        "integration_types": [0], "nsfw": False, **({"guild_id": guild} if guild else {}),
    }  # fmt: skip


def entitlement(call: Call) -> Json:
    owner, of_guild = str(call.form["owner_id"]), call.form.get("owner_type") == 1
    return {
        "id": snowflake(), "sku_id": "0", "application_id": call.bot.account.id,
        "user_id": call.hub.guild["owner_id"] if of_guild else owner,
        "guild_id": owner if of_guild else None, "deleted": False, "starts_at": None,
        "ends_at": None, "type": 8, "consumed": False,
    }  # fmt: skip


def event(call: Call) -> Json:
    return {
        "id": snowflake(), "guild_id": GUILD, "name": "", "description": None, "channel_id": None,
        "creator_id": call.bot.account.id, "creator": call.bot.account.user(), "image": None,
        "scheduled_start_time": now(), "scheduled_end_time": None, "status": 1, "entity_type": 0,
        "entity_id": None, "entity_metadata": None, "recurrence_rule": None, "privacy_level": 2,
        "guild_scheduled_event_exceptions": [], "user_count": 0,
    }  # fmt: skip


def sound(call: Call) -> Json:
    shape: Json = {"sound_id": snowflake(), "name": "", "volume": 1.0, "emoji_id": None}
    shape |= {"emoji_name": None, "available": True, "guild_id": GUILD}
    return {**shape, "user": call.bot.account.user()}


def stage(call: Call) -> Json:
    channel = call.hub.channels.get(str(call.form["channel_id"]), {})
    if channel.get("type") != payloads.STAGE:
        raise Refused(404, 10003, "Unknown Channel")
    shape: Json = {"id": snowflake(), "guild_id": GUILD, "channel_id": "", "topic": ""}
    shape |= {"privacy_level": 2, "discoverable_disabled": False}
    return {**shape, "guild_scheduled_event_id": None}


def invite(call: Call) -> Json:
    """Return a new invite; a week long and without a limit, as Discord has it."""
    guild, channel = call.hub.guild, call.channel()
    return {
        "type": 0, "code": secrets.token_urlsafe(6), "guild_id": GUILD,
        "guild": {name: guild[name] for name in IN_INVITES},
        "channel": {name: channel[name] for name in ("id", "type", "name")},
        "inviter": call.bot.account.user(), "max_age": 604_800, "max_uses": 0, "temporary": False,
        "uses": 0, "created_at": now(), "expires_at": None,
        "approximate_member_count": len(call.hub.members),
        "approximate_presence_count": len(call.hub.members),
    }  # fmt: skip


def tidy_invite(item: Json) -> None:
    age = item["max_age"]
    item["expires_at"] = payloads.later(item["created_at"], age) if age else None


# -- what bots write, brought into the document's form ------------------------------------------


def tidy_channel(item: Json) -> None:
    item["permission_overwrites"] = [overwrite(row) for row in item["permission_overwrites"]]
    if "available_tags" in item:
        tag = {"name": "", "moderated": False, "emoji_id": None, "emoji_name": None}
        item["available_tags"] = [
            {**tag, **row, "id": str(row.get("id") or snowflake())}
            for row in item["available_tags"]
        ]


def overwrite(row: Json) -> Json:
    """Return an overwrite of permissions: the document has its bits as text, bots send both."""
    bits = {name: str(row.get(name) or 0) for name in ("allow", "deny")}
    return {"id": str(row.get("id")), "type": row.get("type") or 0, **bits}


def tidy_role(item: Json) -> None:
    usual = {"secondary_color": None, "tertiary_color": None, "primary_color": 0}
    if item["color"] != item["colors"].get("primary_color"):
        new = item["color"] or item["colors"].get("primary_color") or 0
        item["color"], item["colors"] = new, {**item["colors"], "primary_color": new}
    item["colors"] = {**usual, **item["colors"]}


def tidy_command(item: Json) -> None:
    item["version"], item["description"] = snowflake(), item["description"] or ""
    if item["default_member_permissions"] is not None:
        item["default_member_permissions"] = str(item["default_member_permissions"])
