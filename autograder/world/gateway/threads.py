"""Threads: channels of the guild that grow out of a message, a channel or a forum."""

from __future__ import annotations

from autograder.world.gateway import contents, payloads, shapes
from autograder.world.gateway.call import Call, InvalidForm, Refused, Reply
from autograder.world.gateway.hub import Hub
from autograder.world.gateway.payloads import Json, now, snowflake
from autograder.world.gateway.session import GUILDS, MEMBERS
from autograder.world.gateway.table import Answer, Routes, note, written

HAS_THREAD = 1 << 5
DURATIONS = (60, 1440, 4320, 10_080)


def members_of(hub: Hub, thread: str) -> dict[str, Json]:
    return hub.shelves[f"members of {thread}"]


def is_thread(channel: Json) -> bool:
    return channel["type"] in payloads.THREADS


def begin(call: Call, parent: Json, identity: str, kind: int) -> Json:
    """Make a thread below a channel, with the bot in it, and tell the bots."""
    form = call.form
    if not form.get("name"):
        raise InvalidForm("name is required")
    duration = form.get("auto_archive_duration") or 1440
    if duration not in DURATIONS:
        raise InvalidForm(f"auto_archive_duration is not one of {DURATIONS}")
    thread = shapes.thread(parent["id"], identity, kind, call.bot.account.id)
    thread |= {
        "name": str(form["name"]),
        "rate_limit_per_user": form.get("rate_limit_per_user") or 0,
    }
    thread["thread_metadata"]["auto_archive_duration"] = duration
    if kind == payloads.PRIVATE_THREAD:
        thread["thread_metadata"]["invitable"] = form.get("invitable") is not False
    if parent["type"] in payloads.FORUMS:
        thread["applied_tags"] = [str(item) for item in form.get("applied_tags") or ()]
    call.hub.channels[identity] = thread
    member = shapes.thread_member(identity, call.bot.account.id)
    call.hub.tell("THREAD_CREATE", {**thread, "newly_created": True, "member": member}, GUILDS)
    note(call, 110, identity, [{"key": "name", "new_value": thread["name"]}])
    members_of(call.hub, identity)[member["user_id"]] = member
    return {**thread, "member": member}


def _begin_at_message(call: Call) -> Answer:
    parent, message = call.channel(), call.message()
    if message["id"] in call.hub.channels:
        raise Refused(400, 160004, "A thread has already been created for this message")
    kind = payloads.NEWS_THREAD if parent["type"] == payloads.NEWS else payloads.PUBLIC_THREAD
    thread = begin(call, parent, message["id"], kind)
    message["flags"] |= HAS_THREAD
    message["thread"] = call.hub.channels[message["id"]]
    call.hub.publish(message, "MESSAGE_UPDATE")
    return Reply(thread, 201)


def _begin(call: Call) -> Answer:
    parent = call.channel()
    if is_thread(parent) or "guild_id" not in parent:
        raise Refused(400, 50024, "Cannot execute action on this channel type")
    if parent["type"] not in payloads.FORUMS:
        kind = call.form.get("type") or payloads.PRIVATE_THREAD
        if kind not in payloads.THREADS:
            raise InvalidForm("type is not a kind of thread")
        return Reply(begin(call, parent, snowflake(), kind), 201)
    thread, message = begin_post(call, parent)
    return Reply({**thread, "message": message}, 201)


def begin_post(call: Call, forum: Json) -> tuple[Json, Json]:
    """Make a thread in a forum: its first message has the thread's id."""
    form = call.form.get("message")
    if not isinstance(form, dict):
        raise InvalidForm("message is required")
    identity = snowflake()
    first = Call(call.hub, call.caller, call.route, body=form, files=call.files)
    message = contents.write(first, call.bot.account, identity, id=identity)
    thread = begin(call, forum, identity, payloads.PUBLIC_THREAD)
    contents.post(call.hub, message, call.bot.number)
    return thread, call.hub.shown(message, call.bot.account.id)


def change(call: Call, thread: Json) -> Json:
    """Change a thread: what bots call its fields is spread over two objects."""
    inner = thread["thread_metadata"]
    changes = written({**thread, **inner, "invitable": True}, call.form)
    if changes.get("auto_archive_duration", 60) not in DURATIONS:
        raise InvalidForm(f"auto_archive_duration is not one of {DURATIONS}")
    if changes.get("archived", inner["archived"]) != inner["archived"]:
        inner["archive_timestamp"] = now()
    inner |= {name: value for name, value in changes.items() if name in inner}
    thread |= {name: value for name, value in changes.items() if name in thread}
    call.hub.tell("THREAD_UPDATE", thread, GUILDS)
    note(call, 111, thread["id"], [{"key": k, "new_value": v} for k, v in changes.items()])
    return thread


def end(call: Call, thread: Json) -> None:
    """Delete a thread, and tell the bots."""
    del call.hub.channels[thread["id"]]
    call.hub.shelves.pop(f"members of {thread['id']}", None)
    told = {name: thread[name] for name in ("id", "guild_id", "parent_id", "type")}
    call.hub.tell("THREAD_DELETE", told, GUILDS)
    note(call, 112, thread["id"], [])


# -- who is in a thread ------------------------------------------------------------------------


def _thread(call: Call) -> Json:
    channel = call.channel()
    if not is_thread(channel):
        raise Refused(400, 50024, "Cannot execute action on this channel type")
    return channel


def _user(call: Call) -> str:
    user = call.ids.get("user") or call.bot.account.id
    if user not in call.hub.members:
        raise Refused(404, 10013, "Unknown User")
    return user


def _shown(call: Call, member: Json) -> Json:
    whole = call.hub.member(member["user_id"]) if call.flag("with_member") else None
    return {**member, "member": whole} if whole else member


def _members(call: Call) -> Answer:
    found = members_of(call.hub, _thread(call)["id"])
    return [_shown(call, found[item]) for item in call.page(found, 100, 100)]


def _one(call: Call) -> Answer:
    found = members_of(call.hub, _thread(call)["id"]).get(_user(call))
    if found is None:
        raise Refused(404, 10007, "Unknown Member")
    return _shown(call, found)


def _add(call: Call) -> Answer:
    thread, user = _thread(call), _user(call)
    here = members_of(call.hub, thread["id"])
    if user not in here:
        here[user] = shapes.thread_member(thread["id"], user)
        added = {**here[user], "member": call.hub.member(user), "presence": None}
        _tell_members(call, thread, added_members=[added])


def _take_away(call: Call) -> Answer:
    thread, user = _thread(call), _user(call)
    if members_of(call.hub, thread["id"]).pop(user, None) is None:
        raise Refused(404, 10007, "Unknown Member")
    _tell_members(call, thread, removed_member_ids=[user])


def _tell_members(call: Call, thread: Json, **change: list[Json] | list[str]) -> None:
    thread["member_count"] = len(members_of(call.hub, thread["id"]))
    told = {name: thread[name] for name in ("id", "guild_id", "member_count")}
    call.hub.tell("THREAD_MEMBERS_UPDATE", {**told, **change}, MEMBERS)


# -- lists -------------------------------------------------------------------------------------


def _list(call: Call, found: list[Json], limit: int | None = None) -> Json:
    mine = call.bot.account.id
    shown = found[:limit]
    members = [members_of(call.hub, item["id"]).get(mine) for item in shown]
    own = [item for item in members if item]
    return {"threads": shown, "members": own, "has_more": len(shown) < len(found)}


def _active(call: Call) -> Answer:
    found = [item for item in call.hub.channels.values() if is_thread(item)]
    found = [item for item in found if not item["thread_metadata"]["archived"]]
    return _list(call, found[::-1])


def below(hub: Hub, channel: str) -> list[Json]:
    """Return the threads of a channel."""
    threads = [item for item in hub.channels.values() if is_thread(item)]
    return [item for item in threads if item["parent_id"] == channel]


def _archived(call: Call) -> Answer:
    """The last archived thread comes first; the path tells which threads are meant."""
    public, before = call.route.endswith("/public"), call.query.get("before")
    mine = call.bot.account.id if "/users/@me/" in call.route else None
    found = [
        (item["thread_metadata"]["archive_timestamp"], item)
        for item in below(call.hub, call.channel()["id"])
        if item["thread_metadata"]["archived"]
        and (item["type"] != payloads.PRIVATE_THREAD) == public
        and (mine is None or mine in members_of(call.hub, item["id"]))
    ]
    found.sort(key=lambda pair: pair[0], reverse=True)
    older = [item for moment, item in found if not before or moment < before]
    return _list(call, older, call.limit(50, 100))


def _search(call: Call) -> Answer:
    name, archived = call.query.get("name", "").casefold(), call.query.get("archived")
    found = [
        item
        for item in below(call.hub, call.channel()["id"])
        if name in item["name"].casefold()
        and (archived is None or item["thread_metadata"]["archived"] == call.flag("archived"))
    ]
    told = _list(call, found[call.number("offset") :], call.limit(25, 25))
    return {**told, "total_results": len(found)}


MEMBER = "/channels/{channel}/thread-members"

ROUTES: Routes = {
    "POST /channels/{channel}/messages/{message}/threads": _begin_at_message,
    "POST /channels/{channel}/threads": _begin,
    f"GET {MEMBER}": _members,
    f"PUT {MEMBER}/@me": _add,
    f"DELETE {MEMBER}/@me": _take_away,
    f"GET {MEMBER}/{{user}}": _one,
    f"PUT {MEMBER}/{{user}}": _add,
    f"DELETE {MEMBER}/{{user}}": _take_away,
    "GET /guilds/{guild}/threads/active": _active,
    "GET /channels/{channel}/threads/archived/public": _archived,
    "GET /channels/{channel}/threads/archived/private": _archived,
    "GET /channels/{channel}/users/@me/threads/archived/private": _archived,
    "GET /channels/{channel}/threads/search": _search,
}
