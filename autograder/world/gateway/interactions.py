"""Interactions: what the bot is sent of them, their deadline, its answers and follow-ups.

A bot must answer within 3 s (`interaction_deadline`). The answer may be "is thinking" (type 5, a
deferral). After 3 s Discord answers error 10062, unknown interaction. A bot that deferred sends its
real answer through the interaction's webhook. Discord accepts it for 15 minutes; this gateway sets
no limit.
"""

from __future__ import annotations

from dataclasses import replace

from autograder.outcomes import UserMistake
from autograder.world.gateway import contents, payloads
from autograder.world.gateway.call import Call, InvalidForm, Refused, objects
from autograder.world.gateway.hub import Hub, Interaction
from autograder.world.gateway.messages import edit
from autograder.world.gateway.payloads import Json
from autograder.world.gateway.session import ALWAYS
from autograder.world.gateway.table import Answer, Routes

COMMAND, COMPONENT, AUTOCOMPLETE, SUBMIT = 2, 3, 4, 5  # kinds of interaction
# Kinds of callback: UPDATE changes the message whose component was used, SILENT promises to do so.
MESSAGE, DEFERRED, SILENT, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
ANSWERS = {
    COMMAND: (MESSAGE, DEFERRED, MODAL),
    COMPONENT: (MESSAGE, DEFERRED, SILENT, UPDATE, MODAL),
    AUTOCOMPLETE: (CHOICES,),
    SUBMIT: (MESSAGE, DEFERRED, SILENT, UPDATE),
}
KEPT = 10_000  # interactions whose webhook works; the oldest go first


def send(hub: Hub, interaction: Interaction, data: Json) -> str:
    """Send INTERACTION_CREATE to the interaction's bot, and return the interaction's id.

    Raises UserMistake when the bot has no session.
    """
    bot, guild = interaction.bot, hub.guild_of(interaction.channel)
    sessions = [one for one in hub.sessions_of(bot) if one.hears(ALWAYS, guild)]
    if not sessions:
        raise UserMistake(f"{interaction.said} reached nobody: its bot is not connected")
    hub.interactions[interaction.token] = interaction
    while len(hub.interactions) > KEPT:
        del hub.interactions[next(iter(hub.interactions))]
    facts = {"name": interaction.name, "said": interaction.said, "interaction": interaction.id}
    author = interaction.user.name
    hub.journal.record("interaction", bot.number, kind=interaction.kind, author=author, **facts)
    bot.told(f"/{interaction.name}" if interaction.kind == COMMAND else interaction.said)
    sessions[-1].dispatch("INTERACTION_CREATE", _event(hub, interaction, data))
    return interaction.id


def _event(hub: Hub, interaction: Interaction, data: Json) -> Json:
    bot, place, permissions = interaction.bot, interaction.channel, payloads.ALL_PERMISSIONS
    guild = hub.guild_of(place)
    told = {
        "id": interaction.id, "application_id": bot.account.id, "type": interaction.kind,
        "token": interaction.token, "version": 1, "data": data, "channel_id": place,
        "channel": {**hub.channels.get(place, {"id": place}), "permissions": permissions},
        "locale": "en-US", "app_permissions": permissions, "entitlements": [],
        "entitlement_sku_ids": [], "authorizing_integration_owners": {"0": guild or "0"},
        "context": 0 if guild else 1, "attachment_size_limit": 10_485_760,
    }  # fmt: skip
    if guild:
        told |= {"guild": {"id": guild, "locale": "en-US", "features": []}, "guild_id": guild}
        member = {**(hub.member(interaction.user.id) or {}), "permissions": permissions}
        told |= {"guild_locale": "en-US", "member": member}
    else:
        told["user"] = interaction.user.user()
    if interaction.message is not None:
        told["message"] = hub.shown(interaction.message, bot.account.id)
    return told


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
    if kind not in ANSWERS[interaction.kind]:
        raise InvalidForm(f"type: value must be one of {set(ANSWERS[interaction.kind])}")
    if not isinstance(data, dict):
        raise InvalidForm("data is not a dict")
    _answer(replace(call, caller=interaction.bot, body=data), interaction, kind, facts)
    interaction.acknowledged = True
    hub.journal.record("acknowledged", number, type=kind, **facts)
    return _callback_answer(hub, interaction, kind) if call.flag("with_response") else None


def _answer(call: Call, interaction: Interaction, kind: int, facts: Json) -> None:
    """Do what a callback asks for; `@original` is the message of the answer, or the one clicked."""
    record, number = call.hub.journal.record, interaction.bot.number
    if kind in (SILENT, UPDATE):
        clicked = interaction.message
        if clicked is None or clicked["id"] not in call.hub.messages:
            raise Refused(404, 10008, "Unknown Message")
        interaction.original = clicked
    if kind == MESSAGE:
        interaction.original = say(call, interaction, call.form, "reply", facts)
    elif kind == UPDATE and interaction.original is not None:
        edit(call, interaction.original)
    elif kind == CHOICES:
        choices = objects(call.form, "choices")
        if len(choices) > 25:
            raise InvalidForm("choices: must be 25 or fewer in length")
        interaction.choices = choices
        names = ", ".join(str(item.get("name")) for item in choices)
        record("choices", number, content=names, **facts)
    elif kind == MODAL:
        interaction.modal = _modal(call.form)
        record("modal", number, content=contents.modal_text(interaction.modal), **facts)
    else:
        record("deferred", number, **facts)


def _modal(form: Json) -> Json:
    rows = contents.rows(form)
    for name, longest in (("custom_id", 100), ("title", 45)):
        if not isinstance(form.get(name), str) or not 1 <= len(form[name]) <= longest:
            raise InvalidForm(f"{name}: must be between 1 and {longest} in length")
    if not 1 <= len(rows) <= 40:
        raise InvalidForm("components: must be between 1 and 40 in length")
    return {**form, "components": rows}


def _callback_answer(hub: Hub, interaction: Interaction, kind: int) -> Json:
    told = {"id": interaction.id, "type": interaction.kind, "activity_instance_id": None}
    told |= {"response_message_loading": kind == DEFERRED, "response_message_ephemeral": False}
    told |= hub.where(interaction.channel)
    message = interaction.original
    if kind == DEFERRED:
        thinking = payloads.message(interaction.bot.account, interaction.channel, "")
        message = {**thinking, "id": interaction.id, "flags": 1 << 7, "type": 20}
    if message is None:
        return {"interaction": told}
    told["response_message_id"] = message["id"]
    resource = {"type": kind, "message": hub.shown(message, interaction.bot.account.id)}
    return {"interaction": told} | ({"resource": resource} if kind != SILENT else {})


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
    names = {"name": interaction.name, "said": interaction.said}
    return {**names, "interaction": interaction.id, "seconds": interaction.age}


ROUTES: Routes = {"POST /interactions/{interaction}/{token}/callback": _callback}
