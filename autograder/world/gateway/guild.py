"""The guild as bots see and change it: itself, its channels, roles, invites and audit log."""

from __future__ import annotations

from collections.abc import Callable

from autograder.world.gateway import payloads, table, threads
from autograder.world.gateway import session as intents
from autograder.world.gateway.call import Call, InvalidForm, Refused, Reply
from autograder.world.gateway.messages import remove
from autograder.world.gateway.payloads import GUILD, Account, Json
from autograder.world.gateway.shapes import overwrite
from autograder.world.gateway.table import Answer, Routes, find, note, written

# -- itself ------------------------------------------------------------------------------------


def _guild(call: Call) -> Answer:
    return {**call.hub.told_guild(), **(call.hub.counts() if call.flag("with_counts") else {})}


def _change(call: Call) -> Answer:
    changes = written(call.hub.guild, call.form)
    call.hub.guild |= changes
    call.hub.tell("GUILD_UPDATE", call.hub.told_guild(), intents.GUILDS)
    note(call, 1, GUILD, [{"key": name, "new_value": value} for name, value in changes.items()])
    return call.hub.told_guild()


def _preview(call: Call) -> Answer:
    names = ("id", "name", "icon", "description", "home_header", "splash", "discovery_splash")
    guild = call.hub.told_guild()
    told = {name: guild[name] for name in (*names, "features", "emojis", "stickers")}
    return {**told, **call.hub.counts()}


def _audit_log(call: Call) -> Answer:
    """The newest entry first, and what the entries speak of."""
    wanted = {name: call.query.get(name) for name in ("user_id", "target_id", "action_type")}
    before, after = call.number("before") or 1 << 64, call.number("after")
    found = [
        item
        for item in reversed(call.hub.audit)
        if all(value is None or str(item[name]) == value for name, value in wanted.items())
        and after < int(item["id"]) < before
    ][: call.limit(50, 100)]
    ids = {item[name] for item in found for name in ("user_id", "target_id")}
    spoken = {
        name: [item for item in call.hub.shelves[name].values() if item["id"] in ids]
        for name in ("webhooks", "events", "channels")
    }
    return {
        "audit_log_entries": found,
        "users": [item.user() for item in call.hub.accounts() if item.id in ids],
        "webhooks": spoken["webhooks"],
        "guild_scheduled_events": spoken["events"],
        "threads": [item for item in spoken["channels"] if threads.is_thread(item)],
        **{"integrations": [], "application_commands": [], "auto_moderation_rules": []},
    }


# -- channels, roles and invites ---------------------------------------------------------------


def _channels(call: Call) -> Answer:
    return [item for item in call.hub.guild_channels() if not threads.is_thread(item)]


def _change_channel(call: Call) -> Answer:
    channel = call.channel()
    if threads.is_thread(channel):
        return threads.change(call, channel)
    return table.update(call, table.CHANNELS, channel) if "guild_id" in channel else channel


def _delete_channel(call: Call) -> Answer:
    """End a channel with its threads; one of direct messages opens again with the next message."""
    channel = call.channel()
    if "guild_id" in channel:
        for item in threads.below(call.hub, channel["id"]):
            threads.end(call, item)
        if threads.is_thread(channel):
            threads.end(call, channel)
        else:
            table.delete(call, table.CHANNELS, channel)
    return channel


def _order_channels(call: Call) -> Answer:
    for row in call.rows:
        form = {name: row[name] for name in ("position", "parent_id") if row.get(name) is not None}
        table.update(call, table.CHANNELS, find(call, table.CHANNELS, str(row.get("id"))), form)


def _overwrite(call: Call) -> Answer:
    """Set what a role or a member may do in a channel, or take it back."""
    channel, identity, gone = call.channel(), call.ids["overwrite"], call.route.startswith("DEL")
    old = channel["permission_overwrites"]
    rows = [row for row in old if row["id"] != identity]
    if gone and rows == old:
        raise Refused(404, 10009, "Unknown Overwrite")
    new = [] if gone else [overwrite({**call.form, "id": identity})]
    channel["permission_overwrites"] = [*rows, *new]
    call.hub.tell("CHANNEL_UPDATE", channel, intents.GUILDS)
    action = 15 if gone else 13 + (len(rows) < len(old))
    kind = next(row["type"] for row in [*new, *old] if row["id"] == identity)
    note(call, action, channel["id"], [], id=identity, type=str(kind))


def _order_roles(call: Call) -> Answer:
    for row in call.rows:
        role = find(call, table.ROLES, str(row.get("id")))
        table.update(call, table.ROLES, role, {"position": row.get("position")})
    return list(call.hub.roles.values())


def _delete_role(call: Call) -> Answer:
    role = find(call, table.ROLES, call.ids["role"])
    if role["id"] == GUILD:
        raise Refused(400, 50028, "Invalid Role")
    for member in call.hub.members.values():
        member["roles"] = [item for item in member["roles"] if item != role["id"]]
    table.delete(call, table.ROLES, role)


def _role_counts(call: Call) -> Answer:
    every = [role for member in call.hub.members.values() for role in member["roles"]]
    return {role: every.count(role) for role in call.hub.roles if role != GUILD}


def _invites(call: Call) -> Answer:
    """The invites of the path's channel, or of the guild."""
    place = call.channel()["id"] if "channel" in call.ids else ""
    invites = call.hub.shelves["invites"].values()
    return [item for item in invites if not place or item["channel"]["id"] == place]


def _new_invite(call: Call) -> Answer:
    if "guild_id" not in call.channel():
        raise Refused(400, 50024, "Cannot execute action on this channel type")
    return table.create(call, table.LINKS)


def _invite(call: Call) -> Answer:
    invite = find(call, table.LINKS, call.ids["code"])
    if call.route.startswith("DELETE"):
        table.delete(call, table.LINKS, invite)
    return invite


# -- members -----------------------------------------------------------------------------------


def _the_member(call: Call) -> Json:
    """Return the member of the path: the bot itself for `@me`."""
    member = call.hub.member(call.ids.get("user") or call.bot.account.id)
    if member is None:
        raise Refused(404, 10007, "Unknown Member")
    return member


def _members(call: Call) -> Answer:
    return [call.hub.member(item) for item in call.page(call.hub.members, 1, 1000)]


def _search(call: Call) -> Answer:
    return call.hub.named(call.query.get("query", ""))[: call.limit(1, 1000)]


def _add_member(call: Call) -> Answer:
    account = call.user()
    if not call.form.get("access_token"):
        raise InvalidForm("access_token is required")
    if account.id in call.hub.members:
        return None
    call.hub.shelves["bans"].pop(account.id, None)
    call.hub.join(account)
    return Reply(_change_member(call), 201)


def _change_member(call: Call) -> Answer:
    form = {name: value for name, value in call.form.items() if name in MAY_CHANGE}
    changes = written(payloads.member(), form)
    for role in changes.get("roles", ()):
        find(call, table.ROLES, str(role))
    return _write_member(call, lambda member: changes)


MAY_CHANGE = ("nick", "roles", "mute", "deaf", "flags", "communication_disabled_until")


def _write_member(call: Call, change: Callable[[Json], Json]) -> Json:
    """Change the member of the path, and tell the bots what is new."""
    identity = _the_member(call)["user"]["id"]
    member = call.hub.members[identity]
    new = {name: value for name, value in change(member).items() if member[name] != value}
    changes = [
        {"key": name, "old_value": member[name], "new_value": value}
        for name, value in new.items()
        if name != "roles"
    ]
    if "roles" in new:
        changes += _role_changes(call, member["roles"], new["roles"])
    member |= new
    told = _the_member(call)
    if new:
        call.hub.tell("GUILD_MEMBER_UPDATE", {**told, "guild_id": GUILD}, intents.MEMBERS)
        note(call, 25 if "roles" in new else 24, identity, changes)
    return told


def _role_changes(call: Call, old: list[str], new: list[str]) -> list[Json]:
    """Return what the audit log says of roles: those that came, and those that went."""
    came, went = [it for it in new if it not in old], [it for it in old if it not in new]
    parts = {"$add": came, "$remove": went}
    names = {key: role["name"] for key, role in call.hub.roles.items()}
    told = {k: [{"id": it, "name": names.get(it, "")} for it in ids] for k, ids in parts.items()}
    return [{"key": key, "new_value": roles} for key, roles in told.items() if roles]


def _set_role(call: Call) -> Answer:
    """Give a role to a member, or take it away."""
    role = find(call, table.ROLES, call.ids["role"])["id"]
    given = [role] if call.route.startswith("PUT") else []
    _write_member(
        call, lambda member: {"roles": [*(it for it in member["roles"] if it != role), *given]}
    )


def _kick(call: Call) -> Answer:
    _the_member(call)
    call.hub.leave(call.user())
    note(call, 20, call.ids["user"], [])


def _bans(call: Call) -> Answer:
    bans = call.hub.shelves["bans"]
    return [bans[item] for item in call.page(bans, 1000, 1000)]


def _the_ban(call: Call) -> Json:
    ban = call.hub.shelves["bans"].get(call.ids["user"])
    if ban is None:
        raise Refused(404, 10026, "Unknown Ban")
    return ban


def _ban(call: Call, account: Account) -> None:
    """Ban an account, with its last messages when the bot asks for it, and tell the bots."""
    days, seconds = call.form.get("delete_message_days"), call.form.get("delete_message_seconds")
    call.hub.shelves["bans"][account.id] = {"user": account.user(), "reason": call.reason}
    if account.id in call.hub.members:
        call.hub.leave(account)
    told = {"guild_id": GUILD, "user": account.user()}
    call.hub.tell("GUILD_BAN_ADD", told, intents.MODERATION)
    note(call, 22, account.id, [])
    seconds = seconds or 86_400 * (days or 0)
    oldest = payloads.earliest(seconds) if seconds else 1 << 64
    theirs = [item for item in call.hub.messages.values() if item["author"]["id"] == account.id]
    theirs = [item for item in theirs if int(item["id"]) >= oldest]
    for place in {item["channel_id"] for item in theirs if call.hub.guild_of(item["channel_id"])}:
        remove(call.hub, [item for item in theirs if item["channel_id"] == place])


def _unban(call: Call) -> Answer:
    user = _the_ban(call)["user"]
    del call.hub.shelves["bans"][user["id"]]
    call.hub.tell("GUILD_BAN_REMOVE", {"guild_id": GUILD, "user": user}, intents.MODERATION)
    note(call, 23, user["id"], [])


def _ban_many(call: Call) -> Answer:
    ids = call.form.get("user_ids")
    if not isinstance(ids, list):
        raise InvalidForm("user_ids is not a list")
    bans, accounts = call.hub.shelves["bans"], map(call.hub.account, map(str, ids))
    new = {item.id: item for item in accounts if item and item.id not in bans}
    for account in new.values():
        _ban(call, account)
    if not new:
        raise Refused(400, 500_000, "Failed to ban users")
    return {
        "banned_users": list(new),
        "failed_users": [it for it in map(str, ids) if it not in new],
    }


MEMBER = "/guilds/{guild}/members"
BAN = "/guilds/{guild}/bans"

ROUTES: Routes = {
    "GET /guilds/{guild}": _guild,
    "PATCH /guilds/{guild}": _change,
    "GET /guilds/{guild}/preview": _preview,
    "DELETE /users/@me/guilds/{guild}": lambda call: call.hub.leave(call.bot.account),
    "GET /guilds/{guild}/audit-logs": _audit_log,
    "GET /guilds/{guild}/channels": _channels,
    "POST /guilds/{guild}/channels": lambda call: Reply(table.create(call, table.CHANNELS), 201),
    "PATCH /guilds/{guild}/channels": _order_channels,
    "GET /channels/{channel}": Call.channel,
    "PATCH /channels/{channel}": _change_channel,
    "DELETE /channels/{channel}": _delete_channel,
    "PUT /channels/{channel}/permissions/{overwrite}": _overwrite,
    "DELETE /channels/{channel}/permissions/{overwrite}": _overwrite,
    "PATCH /guilds/{guild}/roles": _order_roles,
    "DELETE /guilds/{guild}/roles/{role}": _delete_role,
    "GET /guilds/{guild}/roles/member-counts": _role_counts,
    "GET /channels/{channel}/invites": _invites,
    "POST /channels/{channel}/invites": _new_invite,
    "GET /guilds/{guild}/invites": _invites,
    "GET /invites/{code}": _invite,
    "DELETE /invites/{code}": _invite,
    "GET /soundboard-default-sounds": lambda call: [],  # py-cord asks before it is ready
    "GET /stickers/{sticker}": lambda call: find(call, table.STICKERS, call.ids["sticker"]),
    f"GET {MEMBER}": _members,
    f"GET {MEMBER}/search": _search,
    f"GET {MEMBER}/{{user}}": _the_member,
    f"PUT {MEMBER}/{{user}}": _add_member,
    f"PATCH {MEMBER}/@me": _change_member,
    f"PATCH {MEMBER}/{{user}}": _change_member,
    f"DELETE {MEMBER}/{{user}}": _kick,
    f"PUT {MEMBER}/{{user}}/roles/{{role}}": _set_role,
    f"DELETE {MEMBER}/{{user}}/roles/{{role}}": _set_role,
    "GET /users/@me/guilds/{guild}/member": _the_member,
    f"GET {BAN}": _bans,
    f"GET {BAN}/{{user}}": _the_ban,
    f"PUT {BAN}/{{user}}": lambda call: _ban(call, call.user()),
    f"DELETE {BAN}/{{user}}": _unban,
    "POST /guilds/{guild}/bulk-ban": _ban_many,
}
