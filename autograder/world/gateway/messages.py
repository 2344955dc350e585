"""Messages as bots send, read, change and mark them: history, pins, reactions, polls."""

from __future__ import annotations

import time

from autograder.world.gateway import contents
from autograder.world.gateway.call import Call, InvalidForm, Refused, Reply
from autograder.world.gateway.hub import Hub, Marks, Reaction
from autograder.world.gateway.limits import headers_of, take
from autograder.world.gateway.payloads import NEWS, Account, Json, now
from autograder.world.gateway.session import GUILD_MESSAGES, GUILDS, POLLS, REACTIONS, TYPING
from autograder.world.gateway.table import Answer, Routes, note

CROSSPOSTED = 1 << 0
OTHERS = "Cannot edit a message authored by another user"


def shown(call: Call, message: Json) -> Json:
    """Return a message as the calling bot sees it."""
    return call.hub.shown(message, call.caller.account.id if call.caller else "")


def _send(call: Call) -> Answer:
    hub, bot, channel = call.hub, call.bot, call.channel()
    place = channel["id"]
    take(hub, bot, place)
    message = contents.write(call, bot.account, place)
    wake(hub, channel)
    contents.post(hub, message, bot.number)
    return Reply(shown(call, message), headers=headers_of(hub, bot, place))


def wake(hub: Hub, channel: Json) -> None:
    """Count a message of a thread; it brings an archived thread back, as on Discord."""
    if "thread_metadata" not in channel:
        return
    channel["message_count"] += 1
    channel["total_message_sent"] += 1
    if channel["thread_metadata"]["archived"]:
        channel["thread_metadata"] |= {"archived": False, "archive_timestamp": now()}
        hub.tell("THREAD_UPDATE", channel, GUILDS)


def _history(call: Call) -> Answer:
    """Newest first; `after` takes those next to it, `around` those on both sides."""
    place, limit = call.channel()["id"], call.limit(50, 100)
    found = [item for item in call.hub.messages.values() if item["channel_id"] == place]
    found.sort(key=lambda item: int(item["id"]), reverse=True)
    if around := call.number("around"):
        newer = [item for item in found if int(item["id"]) >= around]
        older = [item for item in found if int(item["id"]) < around]
        cut = limit // 2
        found = [*newer[-(limit - cut) :], *older[:cut]]
    elif before := call.number("before"):
        found = [item for item in found if int(item["id"]) < before][:limit]
    elif after := call.number("after"):
        found = [item for item in found if int(item["id"]) > after][-limit:]
    return [shown(call, item) for item in found[:limit]]


def _edit(call: Call) -> Answer:
    message = call.message()
    if message["author"]["id"] != call.bot.account.id:
        raise Refused(403, 50005, OTHERS)
    return edit(call, message)


def edit(call: Call, message: Json) -> Json:
    """Change a message, and tell the bots."""
    contents.rewrite(call, message)
    facts = {"content": message["content"], "message": message["id"]}
    facts["channel"] = call.hub.channel_name(message["channel_id"])
    call.hub.journal.record("edit", call.caller.number if call.caller else 0, **facts)
    call.hub.publish(message, "MESSAGE_UPDATE")
    return shown(call, message)


def _delete(call: Call) -> Answer:
    message = call.message()
    if message["author"]["id"] != call.bot.account.id:
        place = {"channel_id": message["channel_id"], "count": "1"}
        note(call, 72, message["author"]["id"], [], **place)
    remove(call.hub, [message])


def remove(hub: Hub, messages: list[Json]) -> None:
    """Delete messages of one channel, and tell the bots with one event."""
    if not messages:
        return
    place = messages[0]["channel_id"]
    told = hub.where(place)
    ids = [item["id"] for item in messages]
    for identity in ids:
        hub.forget_message(identity)
    if len(ids) == 1:
        hub.tell("MESSAGE_DELETE", {**told, "id": ids[0]}, GUILD_MESSAGES, place)
    else:
        hub.tell("MESSAGE_DELETE_BULK", {**told, "ids": ids}, GUILD_MESSAGES, place)


def _delete_many(call: Call) -> Answer:
    place, ids = call.channel()["id"], call.form.get("messages")
    if not isinstance(ids, list):
        raise InvalidForm("messages is not a list")
    if not 2 <= len(ids) <= 100:
        text = "Provided too few or too many messages to delete. Must provide at least 2 and fewer"
        raise Refused(400, 50016, f"{text} than 100 messages to delete.")
    wanted = set(map(str, ids))
    found = [item for key, item in call.hub.messages.items() if key in wanted]
    found = [item for item in found if item["channel_id"] == place]
    note(call, 73, place, [], count=str(len(found)))
    remove(call.hub, found)


def _crosspost(call: Call) -> Answer:
    message = call.message()
    if call.channel()["type"] != NEWS:
        raise Refused(400, 50024, "Cannot execute action on this channel type")
    if message["flags"] & CROSSPOSTED:
        raise Refused(400, 40033, "This message has already been crossposted")
    message["flags"] |= CROSSPOSTED
    call.hub.publish(message, "MESSAGE_UPDATE")
    return shown(call, message)


def _typing(call: Call) -> Answer:
    place, hub = call.channel()["id"], call.hub
    hub.journal.record("typing", call.bot.number, channel=hub.channel_name(place))
    told: Json = {"user_id": call.bot.account.id, "timestamp": int(time.time())}
    if hub.guild_of(place):
        told["member"] = hub.member(call.bot.account.id)
    hub.tell("TYPING_START", {**hub.where(place), **told}, TYPING, place)


# -- pins --------------------------------------------------------------------------------------


def _pinned(call: Call) -> list[Json]:
    """Return the pinned messages of a channel, the last pinned first, with their moments."""
    place, hub = call.channel()["id"], call.hub
    pinned = [
        {"pinned_at": marks.pinned_at, "message": shown(call, hub.messages[key])}
        for key, marks in hub.marks.items()
        if marks.pinned_at and hub.messages[key]["channel_id"] == place
    ]
    return sorted(pinned, key=lambda item: str(item["pinned_at"]), reverse=True)


def _pins(call: Call) -> Answer:
    limit, before = call.limit(50, 50), call.query.get("before")
    found = [item for item in _pinned(call) if not before or item["pinned_at"] < before]
    return {"items": found[:limit], "has_more": len(found) > limit}


def _pin(call: Call) -> Answer:
    """Pin a message, or take the pin away."""
    hub, message, moment = call.hub, call.message(), now() if call.route[0] == "P" else ""
    if message["pinned"] == bool(moment):
        return
    message["pinned"] = bool(moment)
    hub.marks.setdefault(message["id"], Marks()).pinned_at = moment
    channel, pinned = call.channel(), _pinned(call)
    channel["last_pin_timestamp"] = pinned[0]["pinned_at"] if pinned else None
    told = {**hub.where(channel["id"]), "last_pin_timestamp": channel["last_pin_timestamp"]}
    hub.tell("CHANNEL_PINS_UPDATE", told, GUILDS, channel["id"])
    hub.publish(message, "MESSAGE_UPDATE")
    options = {"channel_id": channel["id"], "message_id": message["id"]}
    note(call, 74 if moment else 75, message["author"]["id"], [], **options)


# -- reactions ---------------------------------------------------------------------------------


def _emoji(call: Call) -> tuple[str, Json]:
    """Return the emoji of the path: its name there, and what is told of it."""
    name, _, identity = call.ids["emoji"].partition(":")
    if not identity:
        if name.isascii():
            raise Refused(400, 10014, "Unknown Emoji")
        return name, {"id": None, "name": name}
    for shelf, emojis in call.hub.shelves.items():
        if shelf.startswith("emojis") and identity in emojis:
            emoji = {key: emojis[identity][key] for key in ("id", "name", "animated")}
            return identity, emoji
    raise Refused(400, 10014, "Unknown Emoji")


def react(hub: Hub, message: Json, key: str, emoji: Json, by: Account) -> None:
    """Add an account's reaction to a message, and tell the bots."""
    reactions = hub.marks.setdefault(message["id"], Marks()).reactions
    users = reactions.setdefault(key, Reaction(emoji)).users
    if by.id in users:
        return
    users.append(by.id)
    told = {**_where(hub, message), "user_id": by.id, "emoji": emoji, "type": 0, "burst": False}
    told["message_author_id"] = message["author"]["id"]
    if "guild_id" in told:
        told["member"] = hub.member(by.id)
    hub.tell("MESSAGE_REACTION_ADD", told, REACTIONS, message["channel_id"])


def _where(hub: Hub, message: Json) -> Json:
    return {**hub.where(message["channel_id"]), "message_id": message["id"]}


def _unreact(call: Call) -> Answer:
    """Take one user's reaction away: the bot's own, or that of the path's user."""
    message, (key, _) = call.message(), _emoji(call)
    user = call.ids.get("user") or call.bot.account.id
    reactions = call.hub.marks.setdefault(message["id"], Marks()).reactions
    if key not in reactions or user not in reactions[key].users:
        raise Refused(404, 10014, "Unknown Emoji")
    unreact(call.hub, message, key, user)


def unreact(hub: Hub, message: Json, key: str, user: str) -> None:
    """Take a user's reaction away, and tell the bots."""
    reactions = hub.marks[message["id"]].reactions
    told = {**_where(hub, message), "user_id": user, "emoji": reactions[key].emoji}
    reactions[key].users.remove(user)
    if not reactions[key].users:
        del reactions[key]
    told |= {"type": 0, "burst": False}
    hub.tell("MESSAGE_REACTION_REMOVE", told, REACTIONS, message["channel_id"])


def _reactors(call: Call) -> Answer:
    message, (key, _) = call.message(), _emoji(call)
    reactions = call.hub.marks.get(message["id"], Marks()).reactions
    return _users(call, reactions[key].users if key in reactions else [])


def _users(call: Call, ids: list[str]) -> list[Json]:
    accounts = map(call.hub.account, call.page(ids, 25, 100))
    return [account.user() for account in accounts if account]


def _clear(call: Call) -> Answer:
    """Take away all reactions to a message, or all with the path's emoji."""
    message, told = call.message(), _where(call.hub, call.message())
    reactions = call.hub.marks.setdefault(message["id"], Marks()).reactions
    event = "MESSAGE_REACTION_REMOVE_ALL"
    if "emoji" in call.ids:
        key, told["emoji"] = _emoji(call)
        reactions.pop(key, None)
        event = "MESSAGE_REACTION_REMOVE_EMOJI"
    else:
        reactions.clear()
    call.hub.tell(event, told, REACTIONS, message["channel_id"])


# -- polls -------------------------------------------------------------------------------------


def vote(hub: Hub, message: Json, answer: int, by: Account) -> None:
    """Add an account's vote to a poll, and tell the bots."""
    hub.marks[message["id"]].votes[answer].append(by.id)
    told = {**_where(hub, message), "user_id": by.id, "answer_id": answer}
    hub.tell("MESSAGE_POLL_VOTE_ADD", told, POLLS, message["channel_id"])


def _voters(call: Call) -> Answer:
    message = _polled(call)
    votes = call.hub.marks[message["id"]].votes
    answer = call.ids["answer"]
    if not answer.isdecimal() or int(answer) not in votes:
        raise Refused(404, 10008, "Unknown Message")
    return {"users": _users(call, votes[int(answer)])}


def _expire(call: Call) -> Answer:
    message = _polled(call)
    poll = message["poll"]
    message["poll"] = {
        **poll,
        "expiry": now(),
        "results": {**poll["results"], "is_finalized": True},
    }
    call.hub.publish(message, "MESSAGE_UPDATE")
    return shown(call, message)


def _polled(call: Call) -> Json:
    message = call.message()
    if "poll" not in message:
        raise Refused(400, 520006, "Cannot expire a non-poll message")
    return message


MESSAGES = "/channels/{channel}/messages"
ONE = MESSAGES + "/{message}"
REACTION = ONE + "/reactions/{emoji}"
POLL = "/channels/{channel}/polls/{message}"

ROUTES: Routes = {
    f"POST {MESSAGES}": _send,
    f"GET {MESSAGES}": _history,
    f"GET {ONE}": lambda call: shown(call, call.message()),
    f"PATCH {ONE}": _edit,
    f"DELETE {ONE}": _delete,
    f"POST {MESSAGES}/bulk-delete": _delete_many,
    f"POST {ONE}/crosspost": _crosspost,
    "POST /channels/{channel}/typing": _typing,
    f"GET {MESSAGES}/pins": _pins,
    f"PUT {MESSAGES}/pins/{{message}}": _pin,
    f"DELETE {MESSAGES}/pins/{{message}}": _pin,
    "GET /channels/{channel}/pins": lambda call: [item["message"] for item in _pinned(call)],
    "PUT /channels/{channel}/pins/{message}": _pin,
    "DELETE /channels/{channel}/pins/{message}": _pin,
    f"DELETE {ONE}/reactions": _clear,
    f"GET {REACTION}": _reactors,
    f"DELETE {REACTION}": _clear,
    f"PUT {REACTION}/@me": lambda call: react(
        call.hub, call.message(), *_emoji(call), call.bot.account
    ),
    f"DELETE {REACTION}/@me": _unreact,
    f"DELETE {REACTION}/{{user}}": _unreact,
    f"GET {POLL}/answers/{{answer}}": _voters,
    f"POST {POLL}/expire": _expire,
}
