"""Webhooks: those of channels, and those by which a bot answers an interaction later."""

from __future__ import annotations

from dataclasses import replace

from autograder.world.gateway import contents, table
from autograder.world.gateway.call import Call, Refused
from autograder.world.gateway.hub import Interaction
from autograder.world.gateway.interactions import say
from autograder.world.gateway.messages import edit, remove, shown, wake
from autograder.world.gateway.payloads import Account, Json
from autograder.world.gateway.table import Answer, Routes
from autograder.world.gateway.threads import begin_post

# -- the webhooks themselves -------------------------------------------------------------------


def _webhooks(call: Call) -> Answer:
    """The webhooks of the path's channel, or of the guild."""
    place = call.channel()["id"] if "channel" in call.ids else ""
    hooks = call.hub.shelves["webhooks"].values()
    return [item for item in hooks if not place or item["channel_id"] == place]


def _new(call: Call) -> Answer:
    call.channel()
    return table.create(call, table.HOOKS)


def _the_webhook(call: Call) -> Json:
    """Return the webhook of the path; a wrong token of it is an error of its own."""
    hook = table.find(call, table.HOOKS, call.ids["webhook"])
    if call.ids.get("token", hook["token"]) != hook["token"]:
        raise Refused(401, 50027, "Invalid Webhook Token")
    return hook


def _read(call: Call) -> Answer:
    hook = _the_webhook(call)
    if "token" in call.ids:  # without the bot's token, who made it is not told
        return {name: value for name, value in hook.items() if name != "user"}
    return hook


def _change(call: Call) -> Answer:
    hook = _the_webhook(call)
    place = call.form.get("channel_id")
    if place is not None and str(place) not in call.hub.channels:
        raise Refused(404, 10003, "Unknown Channel")
    table.update(call, table.HOOKS, hook)
    return _read(call)


def _delete(call: Call) -> Answer:
    table.delete(call, table.HOOKS, _the_webhook(call))


# -- what is said through them -----------------------------------------------------------------


def _interaction(call: Call) -> Interaction | None:
    """Return the interaction of the path's token; None when it is a channel's webhook."""
    interaction = call.hub.interactions.get(call.ids["token"])
    if interaction is None:
        if call.ids["webhook"] in call.hub.shelves["webhooks"]:
            return None
    elif interaction.acknowledged:
        interaction.bot.moved()
        return interaction
    call.hub.journal.record("refused", code=10015, path="webhook")
    raise Refused(404, 10015, "Unknown Webhook")


def _as_bot(call: Call, interaction: Interaction) -> Call:
    """Return the call as the interaction's bot makes it: its token is the interaction's."""
    return replace(call, caller=interaction.bot)


def _say(call: Call) -> Answer:
    interaction = _interaction(call)
    if interaction is None:
        return _execute(call, _the_webhook(call))
    message = say(_as_bot(call, interaction), interaction, call.form, "followup")
    if interaction.original is None:  # the first follow-up takes the place of "is thinking"
        interaction.original = message
    return message


def _execute(call: Call, hook: Json) -> Answer:
    """Send a message with the name that the call gives, or else the webhook's."""
    form, hub = call.form, call.hub
    place = call.query.get("thread_id") or hook["channel_id"]
    channel = hub.channels.get(place)
    if channel is None:
        raise Refused(404, 10003, "Unknown Channel")
    bots = {bot.account.id: bot for bot in hub.bots.values()}
    maker = bots.get(hook["application_id"])
    if form.get("thread_name") and maker:
        inner = {name: value for name, value in form.items() if name != "thread_name"}
        post = {"name": form["thread_name"], "message": inner}
        message = begin_post(replace(call, caller=maker, body=post), channel)[1]
        return message if call.flag("wait") else None
    name = str(form.get("username") or hook["name"])
    author = Account(hook["id"], name, True, hook["avatar"])
    more = {"webhook_id": hook["id"], "application_id": hook["application_id"]}
    message = contents.write(call, author, channel["id"], **more)
    wake(hub, channel)
    contents.post(hub, message, maker.number if maker else 0)
    return shown(call, message) if call.flag("wait") else None


def _message(call: Call, interaction: Interaction | None) -> Json:
    """Return the message of the path, which has to come from this webhook."""
    wanted = call.ids.get("message", "@original")
    if interaction is not None and wanted in ("@original", interaction.id):
        found = interaction.original
    else:
        speaker = interaction.bot.account.id if interaction else _the_webhook(call)["id"]
        found = call.hub.messages.get(wanted)
        found = found if found and found["author"]["id"] == speaker else None
    if found is None:
        raise Refused(404, 10008, "Unknown Message")
    return found


def _read_message(call: Call) -> Answer:
    return shown(call, _message(call, _interaction(call)))


def _edit_message(call: Call) -> Answer:
    interaction = _interaction(call)
    if interaction is not None:
        call = _as_bot(call, interaction)
        thinking = call.ids.get("message", "@original") in ("@original", interaction.id)
        if thinking and interaction.original is None:
            interaction.original = say(call, interaction, call.form, "followup")
            return interaction.original
    return edit(call, _message(call, interaction))


def _delete_message(call: Call) -> Answer:
    interaction = _interaction(call)
    message = _message(call, interaction)
    if message["id"] in call.hub.messages:
        remove(call.hub, [message])
    if interaction is not None and interaction.original is message:
        interaction.original = None


HOOK = "/webhooks/{webhook}"
TOKEN = HOOK + "/{token}"

ROUTES: Routes = {
    "GET /channels/{channel}/webhooks": _webhooks,
    "POST /channels/{channel}/webhooks": _new,
    "GET /guilds/{guild}/webhooks": _webhooks,
    f"GET {HOOK}": _read,
    f"PATCH {HOOK}": _change,
    f"DELETE {HOOK}": _delete,
    f"GET {TOKEN}": _read,
    f"PATCH {TOKEN}": _change,
    f"DELETE {TOKEN}": _delete,
    f"POST {TOKEN}": _say,
    f"GET {TOKEN}/messages/@original": _read_message,
    f"PATCH {TOKEN}/messages/@original": _edit_message,
    f"DELETE {TOKEN}/messages/@original": _delete_message,
    f"GET {TOKEN}/messages/{{message}}": _read_message,
    f"PATCH {TOKEN}/messages/{{message}}": _edit_message,
    f"DELETE {TOKEN}/messages/{{message}}": _delete_message,
}
