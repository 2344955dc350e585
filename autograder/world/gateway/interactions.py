"""Slash commands: the interaction, its deadline, the deferred answer and the follow-ups.

A bot must answer within 3 s (`interaction_deadline`). The answer may be "is thinking" (type 5, a
deferral). After 3 s Discord answers error 10062, unknown interaction. A bot that deferred sends its
real answer through the interaction's webhook. Discord accepts it for 15 minutes; this gateway sets
no limit.
"""

from __future__ import annotations

import secrets

from aiohttp import web

from autograder.outcomes import UserMistake
from autograder.world.gateway import payloads
from autograder.world.gateway.hub import Hub, Interaction
from autograder.world.gateway.payloads import Account, Json, snowflake
from autograder.world.gateway.rest import GATEWAY, PREFIX, answer, body_of, problem

MESSAGE, DEFERRED, SILENT, UPDATE = 4, 5, 6, 7  # kinds of callback
TEXT = 3
KINDS_OF_OPTION = {str: TEXT, int: 4, bool: 5, float: 10}


def send(gateway: Hub, command: str, user: Account, channel: str, options: Json) -> str:
    """Send INTERACTION_CREATE to the bot that has registered the command.

    If no bot has, the newest session gets it. Raises UserMistake when there is no session.
    """
    identity = gateway.channel_id(channel)
    bots = [bot for bot in gateway.bots.values() if any(c["name"] == command for c in bot.commands)]
    sessions = gateway.sessions_of(bots[0]) if bots else gateway.sessions_of()
    if not sessions:
        raise UserMistake(
            f"/{command} reached nobody: no bot has identified itself yet; "
            "wait for one with `await gw.until(ready=1)`"
        )
    session = sessions[-1]
    bot = session.bot
    registered = next((item for item in bot.commands if item["name"] == command), None)
    interaction = Interaction(snowflake(), secrets.token_urlsafe(32), command, bot, identity)
    gateway.interactions[interaction.token] = interaction
    gateway.journal.record(
        "interaction", bot.number, name=command, author=user.name, interaction=interaction.id
    )
    bot.told(f"/{command}")
    data = {
        "id": registered["id"] if registered else snowflake(),
        "name": command,
        "type": 1,
        "options": _options(options, registered),
    }
    session.dispatch("INTERACTION_CREATE", _event(interaction, data, user, channel))
    return interaction.id


def _options(options: Json, registered: Json | None) -> list[Json]:
    """Return the options, each with the type that the command declares, or that its value has."""
    declared = {item["name"]: item["type"] for item in (registered or {}).get("options") or ()}
    return [
        {
            "name": name,
            "type": declared.get(name, KINDS_OF_OPTION.get(type(value), TEXT)),
            "value": str(value) if declared.get(name) == TEXT else value,
        }
        for name, value in options.items()
    ]


def _event(interaction: Interaction, data: Json, user: Account, channel: str) -> Json:
    permissions = payloads.ALL_PERMISSIONS
    return {
        "id": interaction.id,
        "application_id": interaction.bot.account.id,
        "type": 2,
        "token": interaction.token,
        "version": 1,
        "data": data,
        "guild": {"id": payloads.GUILD, "locale": "en-US", "features": []},
        "guild_id": payloads.GUILD,
        "guild_locale": "en-US",
        "channel_id": interaction.channel,
        "channel": {**payloads.channel(channel), "permissions": permissions},
        "member": {**user.member(), "user": user.user(), "permissions": permissions},
        "locale": "en-US",
        "app_permissions": permissions,
        "entitlements": [],
        "entitlement_sku_ids": [],
        "authorizing_integration_owners": {"0": payloads.GUILD},
        "context": 0,
        "attachment_size_limit": 10_485_760,
    }


def add_routes(app: web.Application) -> None:
    webhook = PREFIX + "/webhooks/{application}/{token}"
    message = webhook + "/messages/{message}"
    add = app.router.add_route
    add("POST", PREFIX + "/interactions/{interaction}/{token}/callback", _callback)
    add("POST", webhook, _follow_up)
    add("GET", message, _get)
    add("PATCH", message, _edit)
    add("DELETE", message, _delete)


async def _callback(request: web.Request) -> web.Response:
    gateway = request.app[GATEWAY]
    interaction = gateway.interactions.get(request.match_info["token"])
    if interaction is None or interaction.id != request.match_info["interaction"]:
        return problem(404, "Unknown interaction", 10062)
    facts, number = _facts(interaction), interaction.bot.number
    interaction.bot.moved()
    if facts["seconds"] > gateway.settings.interaction_deadline:
        gateway.journal.record("refused", number, code=10062, **facts)
        return problem(404, "Unknown interaction", 10062)
    if interaction.acknowledged:
        gateway.journal.record("refused", number, code=40060, **facts)
        return problem(400, "Interaction has already been acknowledged.", 40060)
    body = await body_of(request)
    kind, data = body.get("type"), body.get("data") or {}
    if kind not in (MESSAGE, DEFERRED, SILENT, UPDATE):
        return problem(400, "Invalid Form Body", 50035)
    interaction.acknowledged = True
    if kind == MESSAGE:
        interaction.original = _say(gateway, interaction, data, "reply", facts)
    else:
        gateway.journal.record("deferred", number, **facts)
    if request.query.get("with_response") not in ("1", "true"):
        return web.Response(status=204)
    return answer(_callback_answer(interaction, kind))


def _callback_answer(interaction: Interaction, kind: int) -> Json:
    told = {"id": interaction.id, "type": 2, "activity_instance_id": None}
    told |= {"response_message_loading": interaction.original is None}
    told |= {"response_message_ephemeral": False}
    resource: Json = {"type": kind}
    if interaction.original is not None:
        told["response_message_id"] = interaction.original["id"]
        resource["message"] = interaction.original
    elif kind == DEFERRED:
        told["response_message_id"] = interaction.id
        thinking = payloads.message(interaction.bot.account, interaction.channel, "")
        resource["message"] = {**thinking, "id": interaction.id, "flags": 1 << 7, "type": 20}
    return {"interaction": told, "resource": resource}


def _say(gateway: Hub, interaction: Interaction, data: Json, event: str, facts: Json) -> Json:
    """Record and publish what the bot said, and return it as a message."""
    bot = interaction.bot
    content = data.get("content") or ""
    extras = {key: data[key] for key in ("embeds", "components", "flags") if data.get(key)}
    message = payloads.message(
        bot.account, interaction.channel, content, application_id=bot.account.id, **extras
    )
    gateway.journal.record(event, bot.number, content=content, message=message["id"], **facts)
    gateway.publish(message, bot.account)
    return message


def _answered(request: web.Request) -> Interaction | None:
    """Return the interaction of a webhook's token; None before the bot's first answer."""
    gateway = request.app[GATEWAY]
    interaction = gateway.interactions.get(request.match_info["token"])
    if interaction is None or not interaction.acknowledged:
        return None
    interaction.bot.moved()
    return interaction


def _unknown(request: web.Request) -> web.Response:
    gateway = request.app[GATEWAY]
    gateway.journal.record("refused", code=10015, path="webhook")
    return problem(404, "Unknown Webhook", 10015)


def _facts(interaction: Interaction) -> Json:
    return {"name": interaction.name, "interaction": interaction.id, "seconds": interaction.age}


async def _follow_up(request: web.Request) -> web.Response:
    interaction = _answered(request)
    if interaction is None:
        return _unknown(request)
    data = await body_of(request)
    gateway = request.app[GATEWAY]
    message = _say(gateway, interaction, data, "followup", _facts(interaction))
    if interaction.original is None:  # the first follow-up takes the place of "is thinking"
        interaction.original = message
    return answer(message)


async def _edit(request: web.Request) -> web.Response:
    interaction = _answered(request)
    if interaction is None:
        return _unknown(request)
    gateway = request.app[GATEWAY]
    data = await body_of(request)
    message = _message(request, interaction)
    if message is not None:
        message |= {key: data[key] for key in ("content", "embeds", "components") if key in data}
        content = message["content"]
        gateway.journal.record(
            "edit", interaction.bot.number, content=content, message=message["id"]
        )
    elif request.match_info["message"] in ("@original", interaction.id):
        message = _say(gateway, interaction, data, "followup", _facts(interaction))
        interaction.original = message
    else:
        return problem(404, "Unknown Message", 10008)
    return answer(message)


async def _get(request: web.Request) -> web.Response:
    interaction = _answered(request)
    message = _message(request, interaction) if interaction else None
    return answer(message) if message else problem(404, "Unknown Message", 10008)


async def _delete(request: web.Request) -> web.Response:
    interaction = _answered(request)
    message = _message(request, interaction) if interaction else None
    if message is None:
        return problem(404, "Unknown Message", 10008)
    request.app[GATEWAY].messages.pop(message["id"], None)
    return web.Response(status=204)


def _message(request: web.Request, interaction: Interaction) -> Json | None:
    wanted = request.match_info["message"]
    if wanted in ("@original", interaction.id):
        return interaction.original
    stored: Json | None = request.app[GATEWAY].messages.get(wanted)
    return stored
