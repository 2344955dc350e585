"""Slash commands: the interaction, its deadline, the deferred answer and the follow-ups.

A bot must answer within 3 s (`interaction_deadline`). The answer may be "is thinking" (type 5, a
deferral). After 3 s Discord answers error 10062, unknown interaction. A bot that deferred sends its
real answer through the interaction's webhook. Discord accepts it for 15 minutes; this gateway sets
no limit.
"""

from __future__ import annotations

import secrets
from dataclasses import replace

from autograder.outcomes import UserMistake
from autograder.world.gateway import contents, payloads
from autograder.world.gateway.call import Call, InvalidForm, Refused
from autograder.world.gateway.hub import Hub, Interaction
from autograder.world.gateway.payloads import Account, Json, snowflake
from autograder.world.gateway.table import Answer, Routes

# Kinds of callback; the last two answer an autocomplete and open a modal.
MESSAGE, DEFERRED, SILENT, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
TEXT = 3
KINDS_OF_OPTION = {str: TEXT, int: 4, bool: 5, float: 10}


def send(gateway: Hub, command: str, user: Account, channel: str, options: Json) -> str:
    """Send INTERACTION_CREATE to the bot that has registered the command.

    If no bot has, the newest session gets it. Raises UserMistake when there is no session.
    """
    identity = gateway.channel_id(channel)
    commands = {bot.number: gateway.commands_of(bot) for bot in gateway.bots.values()}
    bots = [
        bot
        for bot in gateway.bots.values()
        if any(item["name"] == command for item in commands[bot.number])
    ]
    sessions = gateway.sessions_of(bots[0]) if bots else gateway.sessions_of()
    if not sessions:
        raise UserMistake(
            f"/{command} reached nobody: no bot has identified itself yet; "
            "wait for one with `await gw.until(ready=1)`"
        )
    session = sessions[-1]
    bot = session.bot
    registered = next((it for it in commands[bot.number] if it["name"] == command), None)
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
    session.dispatch("INTERACTION_CREATE", _event(gateway, interaction, data, user))
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


def _event(gateway: Hub, interaction: Interaction, data: Json, user: Account) -> Json:
    permissions = payloads.ALL_PERMISSIONS
    return {
        "id": interaction.id, "application_id": interaction.bot.account.id, "type": 2,
        "token": interaction.token, "version": 1, "data": data,
        "guild": {"id": payloads.GUILD, "locale": "en-US", "features": []},
        "guild_id": payloads.GUILD, "guild_locale": "en-US", "channel_id": interaction.channel,
        "channel": {**gateway.channels[interaction.channel], "permissions": permissions},
        "member": {**(gateway.member(user.id) or {}), "permissions": permissions},
        "locale": "en-US", "app_permissions": permissions, "entitlements": [],
        "entitlement_sku_ids": [], "authorizing_integration_owners": {"0": payloads.GUILD},
        "context": 0, "attachment_size_limit": 10_485_760,
    }  # fmt: skip


def _callback(call: Call) -> Answer:
    hub = call.hub
    interaction = hub.interactions.get(call.ids["token"])
    if interaction is None or interaction.id != call.ids["interaction"]:
        raise Refused(404, 10062, "Unknown interaction")
    facts, number = facts_of(interaction), interaction.bot.number
    interaction.bot.moved()
    if facts["seconds"] > hub.settings.interaction_deadline:
        hub.journal.record("refused", number, code=10062, **facts)
        raise Refused(404, 10062, "Unknown interaction")
    if interaction.acknowledged:
        hub.journal.record("refused", number, code=40060, **facts)
        raise Refused(400, 40060, "Interaction has already been acknowledged.")
    kind, data = call.form.get("type"), call.form.get("data") or {}
    if kind not in (MESSAGE, DEFERRED, SILENT, UPDATE, CHOICES, MODAL):
        raise InvalidForm("type is not a kind of callback")
    if not isinstance(data, dict):
        raise InvalidForm("data is not a dict")
    if kind == MESSAGE:
        interaction.original = say(call, interaction, data, "reply", facts)
    interaction.acknowledged = True
    if kind in (DEFERRED, SILENT, UPDATE):
        hub.journal.record("deferred", number, **facts)
    return _callback_answer(interaction, kind) if call.flag("with_response") else None


def _callback_answer(interaction: Interaction, kind: int) -> Json:
    told = {"id": interaction.id, "type": 2, "activity_instance_id": None}
    told |= {"channel_id": interaction.channel, "guild_id": payloads.GUILD}
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


def say(
    call: Call, interaction: Interaction, data: Json, event: str, facts: Json | None = None
) -> Json:
    """Record and publish what the bot said, and return it as a message."""
    bot, hub = interaction.bot, call.hub
    said = replace(call, caller=bot, body=data)
    more = {"application_id": bot.account.id}
    message = contents.write(said, bot.account, interaction.channel, **more)
    facts = facts or facts_of(interaction)
    content = message["content"]
    hub.journal.record(event, bot.number, content=content, message=message["id"], **facts)
    hub.publish(message)
    return message


def facts_of(interaction: Interaction) -> Json:
    return {"name": interaction.name, "interaction": interaction.id, "seconds": interaction.age}


ROUTES: Routes = {"POST /interactions/{interaction}/{token}/callback": _callback}
