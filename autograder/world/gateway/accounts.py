"""Who a bot is: its account, its application and slash commands, and where it connects.

The id of the application in a path is not compared with the bot's own: the bot of a stranger has
the id of its real application in its source, and here its token is another one.
"""

from __future__ import annotations

from dataclasses import replace

from autograder.world.gateway import payloads, table
from autograder.world.gateway.call import Call, InvalidForm, Refused, Reply, objects, picture
from autograder.world.gateway.payloads import GUILD, Json, now
from autograder.world.gateway.session import ALWAYS
from autograder.world.gateway.table import Answer, Kind, Routes


def _gateway_bot(call: Call) -> Answer:
    limit = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 16}
    return {"url": call.hub.ws_url, "shards": 1, "session_start_limit": limit}


# -- users -------------------------------------------------------------------------------------


def _change_me(call: Call) -> Answer:
    account, form = call.bot.account, call.form
    name = form.get("username") or account.name
    if not isinstance(name, str):
        raise InvalidForm("username is not a str")
    avatar = picture(form["avatar"]) if "avatar" in form else account.avatar
    call.bot.account = replace(account, name=name, avatar=avatar)
    for session in call.hub.sessions_of(call.bot):
        session.dispatch("USER_UPDATE", call.bot.account.own_user())
    return call.bot.account.own_user()


def _my_guilds(call: Call) -> Answer:
    here = call.bot.account.id in call.hub.members
    if not (here and call.page([GUILD], 200, 200)):
        return []
    told = {name: call.hub.guild[name] for name in ("id", "name", "icon", "banner", "features")}
    told |= {"owner": False, "permissions": payloads.ALL_PERMISSIONS}
    return [{**told, **(call.hub.counts() if call.flag("with_counts") else {})}]


def _open_direct(call: Call) -> Answer:
    wanted = str(call.form.get("recipient_id"))
    for person in call.hub.people.values():
        if person.id == wanted:
            return call.hub.channels[call.hub.direct_id(person)]
    raise Refused(404, 10013, "Unknown User")


# -- the application ---------------------------------------------------------------------------


def _application(call: Call) -> Answer:
    return {**call.bot.application, "bot": call.bot.account.user()}


def _change_application(call: Call) -> Answer:
    description = call.form.get("description")
    form = dict(call.form)
    if isinstance(description, dict):  # the document has it so, libraries send text
        form["description"] = description.get("default", "")
    call.bot.application |= table.written(call.bot.application, form)
    return _application(call)


def _authorization(call: Call) -> Answer:
    told = {"application": _application(call), "scopes": ["bot", "applications.commands"]}
    return {**told, "expires": payloads.later(now(), 604_800), "user": call.bot.account.user()}


def _consume(call: Call) -> Answer:
    entitlement = table.find(call, table.ENTITLEMENTS, call.ids["entitlement"])
    table.update(call, table.ENTITLEMENTS, entitlement, {"consumed": True})


# -- slash commands ----------------------------------------------------------------------------


def _kind(call: Call) -> Kind:
    return table.GUILD_COMMANDS if "guild" in call.ids else table.COMMANDS


def _register(call: Call, olds: dict[str, Json]) -> tuple[Json, bool]:
    """Register a command; one of these with the same name gives way, and leaves its id."""
    commands, new = _kind(call).of(call), table.create(call, _kind(call))
    same = new["name"], new["type"]
    old = next((key for key, item in olds.items() if (item["name"], item["type"]) == same), None)
    if old is not None:
        del commands[new["id"]]
        commands[old] = new
        new["id"] = old
    return new, old is None


def _add_command(call: Call) -> Answer:
    command, is_new = _register(call, dict(_kind(call).of(call)))
    return Reply(command, 201 if is_new else 200)


def _replace_commands(call: Call) -> Answer:
    commands, rows = _kind(call).of(call), call.rows
    olds = dict(commands)
    commands.clear()
    try:
        return [_register(replace(call, body=row), olds)[0] for row in rows]
    except Refused:
        commands.clear()
        commands.update(olds)
        raise


def _all_permissions(call: Call) -> Answer:
    mine, found = call.bot.account.id, call.hub.shelves["permissions"].values()
    return [item for item in found if item["application_id"] == mine and item["permissions"]]


def _permitted(call: Call) -> str:
    """Return the id of the path's command; the application's own id stands for all commands."""
    identity = call.ids["command"]
    if identity != call.bot.account.id and identity not in table.COMMANDS.of(call):
        table.find(call, table.GUILD_COMMANDS, identity)
    return identity


def _permissions(call: Call) -> Answer:
    identity = _permitted(call)
    found = call.hub.shelves["permissions"].get(identity)
    if found is None:
        raise Refused(404, 10066, "Unknown application command permissions")
    return found


def _set_permissions(call: Call) -> Answer:
    told: Json = {"id": _permitted(call), "application_id": call.bot.account.id, "guild_id": GUILD}
    told["permissions"] = [
        {"id": str(row.get("id")), "type": row.get("type"), "permission": bool(row["permission"])}
        for row in objects(call.form, "permissions")
        if "permission" in row
    ]
    call.hub.shelves["permissions"][told["id"]] = told
    call.hub.tell("APPLICATION_COMMAND_PERMISSIONS_UPDATE", told, ALWAYS)
    table.note(call, 121, told["id"], [])
    return told


APPLICATION = "/applications/{application}"
COMMAND = APPLICATION + "/guilds/{guild}/commands"

ROUTES: Routes = {
    "GET /gateway": lambda call: {"url": call.hub.ws_url},
    "GET /gateway/bot": _gateway_bot,
    "GET /users/@me": lambda call: call.bot.account.own_user(),
    "PATCH /users/@me": _change_me,
    "GET /users/{user}": lambda call: call.user().user(),
    "GET /users/@me/guilds": _my_guilds,
    "POST /users/@me/channels": _open_direct,
    "GET /oauth2/@me": _authorization,
    "GET /oauth2/applications/@me": _application,
    "GET /applications/@me": _application,
    "PATCH /applications/@me": _change_application,
    f"GET {APPLICATION}": _application,
    f"PATCH {APPLICATION}": _change_application,
    f"POST {APPLICATION}/entitlements/{{entitlement}}/consume": _consume,
    f"POST {APPLICATION}/commands": _add_command,
    f"PUT {APPLICATION}/commands": _replace_commands,
    f"POST {COMMAND}": _add_command,
    f"PUT {COMMAND}": _replace_commands,
    f"GET {COMMAND}/permissions": _all_permissions,
    f"GET {COMMAND}/{{command}}/permissions": _permissions,
    f"PUT {COMMAND}/{{command}}/permissions": _set_permissions,
}
