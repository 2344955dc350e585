"""The gateway answers every call of Discord's official HTTP API, in the official shape.

A family is what a bot does with one kind of thing: it makes one, reads it back, changes it, ends
it, and sees the events. The families run everywhere. Discord's own document names the calls and
the shapes; it is not part of the repository, and what needs it finds it by `$UNBLOCKED_OPENAPI`.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from typing import Any

import aiohttp
import pytest
from bare_client import gateway, run
from discord_api import Api, Document

from autograder.environment import contributor_tools
from autograder.environment.finding import reason
from autograder.world.gateway.payloads import GUILD

EVERY_INTENT = (1 << 26) - 1
UNKNOWN = "999999999999999999"
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwAD"
    "hgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def document() -> Document:
    finding = contributor_tools.discord_document()
    if finding.missing:
        pytest.skip(reason(finding))
    return Document(finding.found)


async def applications(api: Api) -> None:
    me = await api("GET /users/@me")
    application = await api("PATCH /applications/@me", {"tags": ["local"]})
    assert (await api("GET /applications/@me"))["tags"] == application["tags"] == ["local"]
    assert (await api("GET /oauth2/applications/@me"))["id"] == me["id"]
    assert (await api("GET /oauth2/@me"))["user"]["id"] == me["id"]
    assert (
        await api("GET /applications/{application_id}/entitlements", application_id=me["id"]) == []
    )
    emojis = "/applications/{application_id}/emojis"
    own = {"application_id": me["id"]}
    made = await api(f"POST {emojis}", {"name": "party", "image": PIXEL}, **own)
    one = {**own, "emoji_id": made["id"]}
    await api(f"PATCH {emojis}/{{emoji_id}}", {"name": "cake"}, **one)
    assert (await api(f"GET {emojis}/{{emoji_id}}", **one))["name"] == "cake"
    assert [item["id"] for item in (await api(f"GET {emojis}", **own))["items"]] == [made["id"]]
    await api(f"DELETE {emojis}/{{emoji_id}}", **one)
    await api.refused(10014, f"GET {emojis}/{{emoji_id}}", **one)


async def commands(api: Api) -> None:
    me = (await api("GET /users/@me"))["id"]
    option = {"type": 3, "name": "city", "description": "where", "required": True}
    body = {"name": "weather", "description": "how it is", "options": [option]}
    for place in (
        "/applications/{application_id}",
        "/applications/{application_id}/guilds/{guild_id}",
    ):
        ids = {"application_id": me, **({"guild_id": GUILD} if "guild_id" in place else {})}
        base = f"{place}/commands"
        made = await api(f"POST {base}", body, **ids)
        again = await api(f"POST {base}", {**body, "description": "now"}, **ids)
        assert again["id"] == made["id"]
        assert [item["description"] for item in await api(f"GET {base}", **ids)] == ["now"]
        one = {**ids, "command_id": made["id"]}
        await api(f"PATCH {base}/{{command_id}}", {"default_member_permissions": 8}, **one)
        read = await api(f"GET {base}/{{command_id}}", **one)
        assert read["default_member_permissions"] == "8"
        assert read["options"] == [option]
        if "guild_id" in place:
            rights = [{"id": GUILD, "type": 1, "permission": False}]
            path = f"{base}/{{command_id}}/permissions"
            await api(f"PUT {path}", {"permissions": rights}, **one)
            event = await api.event("APPLICATION_COMMAND_PERMISSIONS_UPDATE")
            assert event["permissions"] == rights
            assert (await api(f"GET {path}", **one))["permissions"] == rights
            assert len(await api(f"GET {base}/permissions", **ids)) == 1
        await api(f"DELETE {base}/{{command_id}}", **one)
        await api.refused(10063, f"GET {base}/{{command_id}}", **one)
        rows = await api(f"PUT {base}", [body, {"name": "Report", "type": 2}], **ids)
        assert await api(f"GET {base}", **ids) == rows
        assert [(item["name"], item["type"]) for item in rows] == [("weather", 1), ("Report", 2)]


async def users(api: Api) -> None:
    await api("PATCH /users/@me", {"username": "parrot", "avatar": PIXEL})
    assert (await api.event("USER_UPDATE"))["username"] == "parrot"
    me = await api("GET /users/@me")
    assert me["username"] == "parrot"
    assert re.fullmatch("[0-9a-f]{32}", me["avatar"])
    ada = api.one.people["ada"]
    assert (await api("GET /users/{user_id}", user_id=ada.id))["username"] == "ada"
    direct = await api("POST /users/@me/channels", {"recipient_id": ada.id})
    place = {"channel_id": direct["id"]}
    assert (await api("GET /channels/{channel_id}", **place))["recipients"][0]["id"] == ada.id
    await api("POST /channels/{channel_id}/messages", {"content": "psst"}, **place)
    event = await api.event("MESSAGE_CREATE")
    assert (event["content"], "guild_id" in event) == ("psst", False)
    assert (await api("GET /gateway/bot"))["url"] == api.one.ws_url


async def the_guild(api: Api) -> None:
    here = {"guild_id": GUILD}
    await api("PATCH /guilds/{guild_id}", {"name": "Workshop", "afk_timeout": 60}, **here)
    assert (await api.event("GUILD_UPDATE"))["name"] == "Workshop"
    read = await api("GET /guilds/{guild_id}", query={"with_counts": "true"}, **here)
    assert (read["name"], read["afk_timeout"]) == ("Workshop", 60)
    assert [item["name"] for item in await api("GET /users/@me/guilds")] == ["Workshop"]
    assert await api("GET /users/@me/guilds", query={"after": GUILD}) == []
    log = await api("GET /guilds/{guild_id}/audit-logs", query={"action_type": "1"}, **here)
    (entry,) = log["audit_log_entries"]
    assert entry["reason"] == "a test"
    assert entry["user_id"] == log["users"][0]["id"]
    assert {"key": "name", "new_value": "Workshop"} in entry["changes"]


async def roles_and_members(api: Api) -> None:
    here, roles = {"guild_id": GUILD}, "/guilds/{guild_id}/roles"
    made = await api(f"POST {roles}", {"name": "mods", "permissions": 8, "color": 255}, **here)
    assert (await api.event("GUILD_ROLE_CREATE"))["role"] == made
    one = {**here, "role_id": made["id"]}
    await api(f"PATCH {roles}/{{role_id}}", {"hoist": True}, **one)
    assert (await api.event("GUILD_ROLE_UPDATE"))["role"]["hoist"] is True
    read = await api(f"GET {roles}/{{role_id}}", **one)
    assert (read["permissions"], read["colors"]["primary_color"], read["hoist"]) == ("8", 255, True)
    await api(f"PATCH {roles}", [{"id": made["id"], "position": 5}], **here)
    assert {role["id"]: role["position"] for role in await api(f"GET {roles}", **here)}[
        made["id"]
    ] == 5
    members, ada = "/guilds/{guild_id}/members", api.one.people["ada"].id
    person = {**here, "user_id": ada}
    await api(f"PUT {members}/{{user_id}}/roles/{{role_id}}", **person, role_id=made["id"])
    assert (await api.event("GUILD_MEMBER_UPDATE"))["roles"] == [made["id"]]
    assert (await api(f"GET {members}/{{user_id}}", **person))["roles"] == [made["id"]]
    log = await api("GET /guilds/{guild_id}/audit-logs", query={"action_type": "25"}, **here)
    (change,) = log["audit_log_entries"][0]["changes"]
    assert change == {"key": "$add", "new_value": [{"id": made["id"], "name": "mods"}]}
    await api(f"DELETE {members}/{{user_id}}/roles/{{role_id}}", **person, role_id=made["id"])
    assert (await api.event("GUILD_MEMBER_UPDATE"))["roles"] == []
    until = "2030-01-01T00:00:00+00:00"
    form = {"nick": "Countess", "communication_disabled_until": until, "roles": [made["id"]]}
    await api(f"PATCH {members}/{{user_id}}", form, **person)
    event = await api.event("GUILD_MEMBER_UPDATE")
    assert (event["nick"], event["communication_disabled_until"]) == ("Countess", until)
    await api(f"DELETE {roles}/{{role_id}}", **one)
    assert (await api.event("GUILD_ROLE_DELETE"))["role_id"] == made["id"]
    await api.refused(10011, f"GET {roles}/{{role_id}}", **one)
    assert (await api(f"GET {members}/{{user_id}}", **person))["roles"] == []
    await api(f"PATCH {members}/@me", {"nick": "Polly"}, **here)
    assert (await api("GET /users/@me/guilds/{guild_id}/member", **here))["nick"] == "Polly"
    first = await api(f"GET {members}", query={"limit": "2"}, **here)
    rest = await api(
        f"GET {members}", query={"limit": "9", "after": first[-1]["user"]["id"]}, **here
    )
    assert len({item["user"]["id"] for item in first + rest}) == 4
    found = await api(f"GET {members}/search", query={"query": "count", "limit": "5"}, **here)
    assert [item["user"]["username"] for item in found] == ["ada"]
    await api(f"DELETE {members}/{{user_id}}", **person)
    assert (await api.event("GUILD_MEMBER_REMOVE"))["user"]["id"] == ada
    await api.refused(10007, f"GET {members}/{{user_id}}", **person)
    await api(f"PUT {members}/{{user_id}}", {"access_token": "x", "nick": "back"}, **person)
    assert (await api.event("GUILD_MEMBER_ADD"))["user"]["id"] == ada
    assert (await api(f"GET {members}/{{user_id}}", **person))["nick"] == "back"


async def bans(api: Api) -> None:
    here, path = {"guild_id": GUILD}, "/guilds/{guild_id}/bans"
    cy, bo = api.one.people["cy"].id, api.one.people["bo"].id
    said = await api.one.say("spam", author="cy")
    one = {**here, "user_id": cy}
    await api(f"PUT {path}/{{user_id}}", {"delete_message_seconds": 3600}, **one)
    assert (await api.event("GUILD_BAN_ADD"))["user"]["id"] == cy
    assert (await api.event("MESSAGE_DELETE"))["id"] == said
    assert (await api(f"GET {path}/{{user_id}}", **one))["reason"] == "a test"
    assert [item["user"]["id"] for item in await api(f"GET {path}", **here)] == [cy]
    await api(f"DELETE {path}/{{user_id}}", {}, **one)
    assert (await api.event("GUILD_BAN_REMOVE"))["user"]["id"] == cy
    await api.refused(10026, f"GET {path}/{{user_id}}", **one)
    many = await api("POST /guilds/{guild_id}/bulk-ban", {"user_ids": [bo, UNKNOWN]}, **here)
    assert many == {"banned_users": [bo], "failed_users": [UNKNOWN]}
    assert (await api(f"GET {path}/{{user_id}}", **here, user_id=bo))["user"]["id"] == bo


async def channels(api: Api) -> str:
    here = {"guild_id": GUILD}
    form = {"name": "workshop", "topic": "wood", "type": 0}
    made = await api("POST /guilds/{guild_id}/channels", form, **here)
    assert (await api.event("CHANNEL_CREATE"))["id"] == made["id"]
    one, path = {"channel_id": made["id"]}, "/channels/{channel_id}"
    await api(f"PATCH {path}", {"topic": "steel", "rate_limit_per_user": 5}, **one)
    assert (await api.event("CHANNEL_UPDATE"))["topic"] == "steel"
    await api(f"PATCH {path}", {"topic": None}, **one)
    assert (await api.event("CHANNEL_UPDATE"))["topic"] is None
    who = {**one, "overwrite_id": GUILD}
    await api(f"PUT {path}/permissions/{{overwrite_id}}", {"type": 0, "deny": 2048}, **who)
    event = await api.event("CHANNEL_UPDATE")
    assert event["permission_overwrites"] == [
        {"id": GUILD, "type": 0, "allow": "0", "deny": "2048"}
    ]
    read = await api(f"GET {path}", **one)
    assert (read["permission_overwrites"], read["rate_limit_per_user"]) == (
        event["permission_overwrites"],
        5,
    )
    await api(f"DELETE {path}/permissions/{{overwrite_id}}", **who)
    await api.refused(10009, f"DELETE {path}/permissions/{{overwrite_id}}", **who)
    await api("PATCH /guilds/{guild_id}/channels", [{"id": made["id"], "position": 9}], **here)
    found = await api("GET /guilds/{guild_id}/channels", **here)
    assert {item["id"]: item["position"] for item in found}[made["id"]] == 9
    invite = await api(f"POST {path}/invites", {"max_age": 60, "max_uses": 2}, **one)
    assert (await api.event("INVITE_CREATE"))["code"] == invite["code"]
    code = {"code": invite["code"]}
    assert (await api("GET /invites/{code}", **code))["max_uses"] == 2
    for listed in (
        await api(f"GET {path}/invites", **one),
        await api("GET /guilds/{guild_id}/invites", **here),
    ):
        assert [item["code"] for item in listed] == [invite["code"]]
    await api("DELETE /invites/{code}", **code)
    assert (await api.event("INVITE_DELETE"))["code"] == invite["code"]
    await api.refused(10006, "GET /invites/{code}", **code)
    emojis = "/guilds/{guild_id}/emojis"
    emoji = await api(f"POST {emojis}", {"name": "saw", "image": PIXEL}, **here)
    assert (await api.event("GUILD_EMOJIS_UPDATE"))["emojis"] == [emoji]
    this = {**here, "emoji_id": emoji["id"]}
    await api(f"PATCH {emojis}/{{emoji_id}}", {"name": "drill"}, **this)
    assert (await api(f"GET {emojis}/{{emoji_id}}", **this))["name"] == "drill"
    assert len(await api(f"GET {emojis}", **here)) == 1
    await api(f"DELETE {emojis}/{{emoji_id}}", **this)
    await api.refused(10014, f"GET {emojis}/{{emoji_id}}", **this)
    await api(f"DELETE {path}", **one)
    assert (await api.event("CHANNEL_DELETE"))["id"] == made["id"]
    await api.refused(10003, f"GET {path}", **one)
    return str(made["id"])


MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = f"{MESSAGES}/{{message_id}}"


async def messages(api: Api) -> None:
    place = {"channel_id": api.one.channel_id("general")}
    embed = {"title": "Ada", "fields": [{"name": "a", "value": "b"}], "color": 5}
    button = {"type": 2, "style": 1, "label": "Vote", "custom_id": "vote"}
    rows = [{"type": 1, "components": [button]}]
    ada = api.one.people["ada"].id
    form = {"content": f"<@{ada}> look", "embeds": [embed], "components": rows, "nonce": "n1"}
    made = await api(f"POST {MESSAGES}", form, **place)
    event = await api.event("MESSAGE_CREATE")
    assert (event["id"], event["guild_id"]) == (made["id"], GUILD)
    one = {**place, "message_id": made["id"]}
    read = await api(f"GET {MESSAGE}", **one)
    assert read["embeds"][0]["fields"] == [{"name": "a", "value": "b", "inline": False}]
    (shown,) = read["components"][0]["components"]
    assert (shown["custom_id"], type(shown["id"])) == ("vote", int)
    assert [user["username"] for user in read["mentions"]] == ["ada"]
    assert read["nonce"] == "n1"
    await api(f"PATCH {MESSAGE}", {"content": None, "components": []}, **one)
    event = await api.event("MESSAGE_UPDATE")
    assert (event["content"], event["components"], len(event["embeds"])) == ("", [], 1)
    await api("POST /channels/{channel_id}/typing", **place)
    assert (await api.event("TYPING_START"))["channel_id"] == place["channel_id"]
    form = {"name": "news", "type": 5}
    news = await api("POST /guilds/{guild_id}/channels", form, guild_id=GUILD)
    message = await api(f"POST {MESSAGES}", {"content": "hear"}, channel_id=news["id"])
    here = {"channel_id": news["id"], "message_id": message["id"]}
    assert (await api(f"POST {MESSAGE}/crosspost", **here))["flags"] & 1
    assert (await api(f"GET {MESSAGE}", **here))["flags"] & 1


async def history(api: Api) -> None:
    place = {"channel_id": api.one.channel_id("general")}
    sent = []
    for number in range(5):
        sent.append((await api(f"POST {MESSAGES}", {"content": str(number)}, **place))["id"])

    async def ids(**query: str) -> list[int]:
        found = await api(f"GET {MESSAGES}", query=query, **place)
        return [sent.index(item["id"]) for item in found]

    assert await ids(limit="2") == [4, 3]
    assert await ids(before=sent[3], limit="2") == [2, 1]
    assert await ids(after=sent[1], limit="2") == [3, 2]
    assert await ids(around=sent[2], limit="3") == [3, 2, 1]
    reply = {"message_reference": {"message_id": sent[1]}, "content": "yes"}
    answer = await api(f"POST {MESSAGES}", reply, **place)
    assert (answer["type"], answer["referenced_message"]["content"]) == (19, "1")
    assert answer["message_reference"]["channel_id"] == place["channel_id"]
    assert answer["message_reference"]["guild_id"] == GUILD
    forward = {"message_reference": {"message_id": sent[1], "type": 1}}
    status, value, _ = await api.raw(f"POST {MESSAGES}", forward, **place)
    assert (status, value["message_snapshots"][0]["message"]["content"]) == (200, "1")
    await api(f"POST {MESSAGES}/bulk-delete", {"messages": sent[3:5]}, **place)
    assert (await api.event("MESSAGE_DELETE_BULK"))["ids"] == sent[3:5]
    await api(f"DELETE {MESSAGE}", **place, message_id=sent[2])
    assert (await api.event("MESSAGE_DELETE"))["id"] == sent[2]
    await api.refused(10008, f"GET {MESSAGE}", **place, message_id=sent[2])


async def marks(api: Api) -> None:
    place = {"channel_id": api.one.channel_id("general")}
    made = await api(f"POST {MESSAGES}", {"content": "look"}, **place)
    one = {**place, "message_id": made["id"]}
    await reactions(api, one)
    await pins(api, one)


async def reactions(api: Api, one: dict[str, str]) -> None:
    path = "/channels/{channel_id}/messages/{message_id}"
    ada, me = api.one.people["ada"], next(iter(api.one.bots.values())).account.id
    this = {**one, "emoji_name": "👍"}
    await api(f"PUT {path}/reactions/{{emoji_name}}/@me", **this)
    event = await api.event("MESSAGE_REACTION_ADD")
    assert (event["emoji"]["name"], event["user_id"]) == ("👍", me)
    await api.one.react(one["message_id"], "👍", "ada")
    assert (await api.event("MESSAGE_REACTION_ADD"))["member"]["user"]["id"] == ada.id
    found = await api(f"GET {path}/reactions/{{emoji_name}}", **this)
    assert [user["id"] for user in found] == sorted([ada.id, me], key=int)
    (told,) = (await api(f"GET {path}", **one))["reactions"]
    assert (told["count"], told["me"]) == (2, True)
    await api(f"DELETE {path}/reactions/{{emoji_name}}/@me", **this)
    assert (await api.event("MESSAGE_REACTION_REMOVE"))["user_id"] == me
    await api(f"DELETE {path}/reactions/{{emoji_name}}/{{user_id}}", **this, user_id=ada.id)
    assert (await api.event("MESSAGE_REACTION_REMOVE"))["user_id"] == ada.id
    assert (await api(f"GET {path}", **one))["reactions"] == []
    for event_name, undo in (
        ("MESSAGE_REACTION_REMOVE_EMOJI", f"DELETE {path}/reactions/{{emoji_name}}"),
        ("MESSAGE_REACTION_REMOVE_ALL", f"DELETE {path}/reactions"),
    ):
        await api(f"PUT {path}/reactions/{{emoji_name}}/@me", **this)
        await api(undo, **(this if "emoji_name" in undo else one))
        await api.event(event_name)
        assert (await api(f"GET {path}", **one))["reactions"] == []


async def pins(api: Api, one: dict[str, str]) -> None:
    place = {"channel_id": one["channel_id"]}
    for path in ("/channels/{channel_id}/messages/pins", "/channels/{channel_id}/pins"):
        await api(f"PUT {path}/{{message_id}}", **one)
        assert (await api.event("CHANNEL_PINS_UPDATE"))["last_pin_timestamp"]
        found = await api(f"GET {path}", **place)
        pinned = [i["message"] for i in found["items"]] if isinstance(found, dict) else found
        assert [item["id"] for item in pinned] == [one["message_id"]]
        assert pinned[0]["pinned"] is True
        await api(f"DELETE {path}/{{message_id}}", **one)
        assert (await api.event("CHANNEL_PINS_UPDATE"))["last_pin_timestamp"] is None


async def files(api: Api) -> None:
    place = {"channel_id": api.one.channel_id("general")}
    form = aiohttp.FormData(quote_fields=False)
    described = {"attachments": [{"id": 0, "description": "a picture"}]}
    form.add_field("payload_json", json.dumps(described))
    form.add_field("files[0]", b"\x89PNG", filename="a b.png", content_type="image/png")
    made = await api("POST /channels/{channel_id}/messages", form, **place)
    (attachment,) = made["attachments"]
    assert (attachment["filename"], attachment["description"]) == ("a b.png", "a picture")
    async with api.client.http.get(attachment["url"]) as response:
        assert (response.content_type, await response.read()) == ("image/png", b"\x89PNG")
    await api(f"DELETE {MESSAGE}", **place, message_id=made["id"])
    async with api.client.http.get(attachment["url"]) as response:
        assert response.status == 404


async def polls(api: Api) -> None:
    place = {"channel_id": api.one.channel_id("games")}
    answers = [{"poll_media": {"text": "yes"}}, {"poll_media": {"text": "no"}}]
    poll = {"question": {"text": "Well?"}, "answers": answers, "duration": 1}
    made = await api("POST /channels/{channel_id}/messages", {"poll": poll}, **place)
    one = {**place, "message_id": made["id"]}
    await api.one.vote(made["id"], 1, "ada")
    assert (await api.event("MESSAGE_POLL_VOTE_ADD"))["answer_id"] == 1
    path = "/channels/{channel_id}/polls/{message_id}"
    voters = await api(f"GET {path}/answers/{{answer_id}}", **one, answer_id="1")
    assert [user["username"] for user in voters["users"]] == ["ada"]
    done = await api(f"POST {path}/expire", **one)
    assert done["poll"]["results"]["is_finalized"] is True
    read = await api("GET /channels/{channel_id}/messages/{message_id}", **one)
    assert read["poll"]["results"]["answer_counts"][0]["count"] == 1


async def threads(api: Api) -> None:
    place, here = {"channel_id": api.one.channel_id("support")}, {"guild_id": GUILD}
    ada = api.one.people["ada"].id
    said = await api("POST /channels/{channel_id}/messages", {"content": "help"}, **place)
    path = "/channels/{channel_id}"
    form = {"name": "help", "auto_archive_duration": 60}
    thread = await api(
        f"POST {path}/messages/{{message_id}}/threads", form, **place, message_id=said["id"]
    )
    assert (await api.event("THREAD_CREATE"))["id"] == thread["id"] == said["id"]
    private = await api(f"POST {path}/threads", {"name": "secret", "type": 12}, **place)
    assert private["parent_id"] == place["channel_id"]
    active = await api("GET /guilds/{guild_id}/threads/active", **here)
    assert {item["id"] for item in active["threads"]} == {thread["id"], private["id"]}
    one = {"channel_id": private["id"]}
    await api("POST /channels/{channel_id}/messages", {"content": "psst"}, **one)
    assert (await api("GET /channels/{channel_id}", **one))["message_count"] == 1
    members = f"{path}/thread-members"
    await api(f"PUT {members}/{{user_id}}", **one, user_id=ada)
    event = await api.event("THREAD_MEMBERS_UPDATE")
    assert event["added_members"][0]["user_id"] == ada
    found = await api(f"GET {members}", query={"with_member": "true"}, **one)
    assert {item["member"]["user"]["id"] for item in found} == {ada, thread["owner_id"]}
    assert (await api(f"GET {members}/{{user_id}}", **one, user_id=ada))["user_id"] == ada
    await api(f"DELETE {members}/{{user_id}}", **one, user_id=ada)
    await api.refused(10007, f"GET {members}/{{user_id}}", **one, user_id=ada)
    await api(f"DELETE {members}/@me", **one)
    assert await api(f"GET {members}", **one) == []
    await api(f"PUT {members}/@me", **one)
    assert len(await api(f"GET {members}", **one)) == 1
    for item in (thread, private):
        await api(f"PATCH {path}", {"archived": True}, channel_id=item["id"])
        assert (await api.event("THREAD_UPDATE"))["thread_metadata"]["archived"] is True
    for which, expected in (
        ("threads/archived/public", thread),
        ("threads/archived/private", private),
        ("users/@me/threads/archived/private", private),
    ):
        found = await api(f"GET {path}/{which}", **place)
        assert [item["id"] for item in found["threads"]] == [expected["id"]]
    found = await api(f"GET {path}/threads/search", query={"name": "SECR"}, **place)
    assert [item["id"] for item in found["threads"]] == [private["id"]]
    await api(f"DELETE {path}", **one)
    assert (await api.event("THREAD_DELETE"))["id"] == private["id"]
    forum = await api("POST /guilds/{guild_id}/channels", {"name": "forum", "type": 15}, **here)
    post = {"name": "question", "message": {"content": "why?"}}
    made = await api(f"POST {path}/threads", post, channel_id=forum["id"])
    first = {"channel_id": made["id"], "message_id": made["id"]}
    read = await api("GET /channels/{channel_id}/messages/{message_id}", **first)
    assert read["content"] == "why?"


async def webhooks(api: Api) -> None:
    place, here = {"channel_id": api.one.channel_id("games")}, {"guild_id": GUILD}
    made = await api("POST /channels/{channel_id}/webhooks", {"name": "News"}, **place)
    assert (await api.event("WEBHOOKS_UPDATE"))["channel_id"] == place["channel_id"]
    for listed in (
        await api("GET /channels/{channel_id}/webhooks", **place),
        await api("GET /guilds/{guild_id}/webhooks", **here),
    ):
        assert [item["id"] for item in listed] == [made["id"]]
    hook = {"webhook_id": made["id"]}
    own = {**hook, "webhook_token": made["token"]}
    path, tokened = "/webhooks/{webhook_id}", "/webhooks/{webhook_id}/{webhook_token}"
    await api(f"PATCH {path}", {"name": "Weather"}, **hook)
    assert (await api(f"GET {path}", **hook))["name"] == "Weather"
    await api(f"PATCH {tokened}", {"name": "Radio"}, **own)
    read = await api(f"GET {tokened}", **own)
    assert (read["name"], "user" in read) == ("Radio", False)
    form = {"content": "storm", "username": "Cloud"}
    said = await api(f"POST {tokened}", form, query={"wait": "true"}, **own)
    event = await api.event("MESSAGE_CREATE")
    assert (event["author"]["username"], event["webhook_id"]) == ("Cloud", made["id"])
    assert await api(f"POST {tokened}", {"content": "again"}, **own) is None
    one = {**own, "message_id": said["id"]}
    message = f"{tokened}/messages/{{message_id}}"
    await api(f"PATCH {message}", {"content": "calm"}, **one)
    assert (await api.event("MESSAGE_UPDATE"))["content"] == "calm"
    assert (await api(f"GET {message}", **one))["content"] == "calm"
    await api(f"DELETE {message}", **one)
    assert (await api.event("MESSAGE_DELETE"))["id"] == said["id"]
    await api.refused(10008, f"GET {message}", **one)
    await api(f"DELETE {tokened}", **own)
    await api.refused(10015, f"GET {path}", **hook)
    other = await api("POST /channels/{channel_id}/webhooks", {"name": "Other"}, **place)
    await api(f"DELETE {path}", webhook_id=other["id"])
    await api.refused(10015, f"GET {path}", webhook_id=other["id"])


async def interactions(api: Api) -> None:
    await api.one.interact("weather", user="ada", options={"city": "Oslo"})
    event = await api.event("INTERACTION_CREATE")
    used = {"interaction_id": event["id"], "interaction_token": event["token"]}
    told = await api(
        "POST /interactions/{interaction_id}/{interaction_token}/callback",
        {"type": 4, "data": {"content": "rain"}},
        query={"with_response": "true"},
        **used,
    )
    assert told["resource"]["message"]["content"] == "rain"
    hook = {"webhook_id": event["application_id"], "webhook_token": event["token"]}
    path = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
    await api(f"PATCH {path}", {"content": "sun"}, **hook)
    assert (await api.event("MESSAGE_UPDATE"))["content"] == "sun"
    assert (await api(f"GET {path}", **hook))["content"] == "sun"
    await api(f"DELETE {path}", **hook)
    await api.refused(10008, f"GET {path}", **hook)
    await components_and_modals(api)


async def components_and_modals(api: Api) -> None:
    callback = "POST /interactions/{interaction_id}/{interaction_token}/callback"
    answered = {"with_response": "true"}

    async def answer(body: dict[str, Any]) -> tuple[Any, Any]:
        event = await api.event("INTERACTION_CREATE")
        used = {"interaction_id": event["id"], "interaction_token": event["token"]}
        return event, await api(callback, body, query=answered, **used)

    button = {"type": 2, "style": 1, "custom_id": "vote", "label": "Vote"}
    body = {"content": "Well?", "components": [{"type": 1, "components": [button]}]}
    place = {"channel_id": api.one.channel_id("general")}
    sent = await api("POST /channels/{channel_id}/messages", body, **place)
    field = {"type": 4, "custom_id": "name", "style": 1}
    label = {"type": 18, "label": "Name", "component": field}
    modal = {"custom_id": "form", "title": "Who?", "components": [label]}
    await api.one.click("Vote")
    event, told = await answer({"type": 9, "data": modal})
    assert (event["message"]["id"], told["interaction"]["type"]) == (sent["id"], 3)
    await api.one.fill({"Name": "Ada"})
    event, told = await answer({"type": 7, "data": {"content": "Ada voted"}})
    assert event["data"]["components"][0]["component"]["value"] == "Ada"
    assert told["resource"]["message"]["content"] == "Ada voted"
    assert (await api.event("MESSAGE_UPDATE"))["id"] == sent["id"]
    asked = asyncio.create_task(api.one.suggest("weather", {"city": "Os"}))
    choices = [{"name": "Oslo", "value": "oslo"}]
    await answer({"type": 8, "data": {"choices": choices}})
    assert await asked == ["Oslo"]


async def others(api: Api) -> None:
    """What the table of resources carries beside the calls of every day."""
    here, me = {"guild_id": GUILD}, (await api("GET /users/@me"))["id"]
    event = {"name": "Talk", "entity_type": 3, "scheduled_start_time": "2030-01-01T00:00:00+00:00"}
    event |= {"privacy_level": 2, "entity_metadata": {"location": "here"}}
    sound = {"name": "beep", "sound": "data:audio/ogg;base64,AAAA"}
    sku = {"sku_id": "7", "owner_id": me, "owner_type": 2}
    owner = {"application_id": me}
    events, sounds = "/guilds/{guild_id}/scheduled-events", "/guilds/{guild_id}/soundboard-sounds"
    bought = "/applications/{application_id}/entitlements"
    for path, name, body, ids, code in (
        (events, "guild_scheduled_event_id", event, here, 10070),
        (sounds, "sound_id", sound, here, 10097),
        (bought, "entitlement_id", sku, owner, 10029),
    ):
        made = await api(f"POST {path}", body, **ids)
        one = {**ids, name: made.get("id") or made["sound_id"]}
        if path != bought:
            await api(f"PATCH {path}/{{{name}}}", {"name": "new"}, **one)
            assert (await api(f"GET {path}/{{{name}}}", **one))["name"] == "new"
        else:
            await api(f"POST {path}/{{{name}}}/consume", **one)
            assert (await api(f"GET {path}/{{{name}}}", **one))["consumed"] is True
        assert await api(f"GET {path}", **ids)
        assert await api(f"GET {path}", query={"after": UNKNOWN * 2}, **ids) == (
            {"items": []} if path == sounds else []
        )
        await api(f"DELETE {path}/{{{name}}}", **one)
        await api.refused(code, f"GET {path}/{{{name}}}", **one)
    form = aiohttp.FormData()
    for name, value in (("name", "wave"), ("tags", "hi"), ("description", "a hand")):
        form.add_field(name, value)
    form.add_field("file", b"\x89PNG", filename="wave.png", content_type="image/png")
    path = "/guilds/{guild_id}/stickers"
    made = await api(f"POST {path}", form, **here)
    one = {**here, "sticker_id": made["id"]}
    await api(f"PATCH {path}/{{sticker_id}}", {"name": "bye"}, **one)
    assert (await api(f"GET {path}/{{sticker_id}}", **one))["name"] == "bye"
    assert (await api("GET /stickers/{sticker_id}", sticker_id=made["id"]))["name"] == "bye"
    assert len(await api(f"GET {path}", **here)) == 1
    place = {"channel_id": api.one.channel_id("games")}
    said = {"sticker_ids": [made["id"]]}
    message = await api("POST /channels/{channel_id}/messages", said, **place)
    assert message["sticker_items"][0]["name"] == "bye"
    await api(f"DELETE {path}/{{sticker_id}}", **one)
    stage = await api("POST /guilds/{guild_id}/channels", {"name": "stage", "type": 13}, **here)
    one = {"channel_id": stage["id"]}
    await api("POST /stage-instances", {"channel_id": stage["id"], "topic": "jazz"})
    await api("PATCH /stage-instances/{channel_id}", {"topic": "blues"}, **one)
    assert (await api("GET /stage-instances/{channel_id}", **one))["topic"] == "blues"
    await api("DELETE /stage-instances/{channel_id}", **one)
    await api.refused(10067, "GET /stage-instances/{channel_id}", **one)
    await api("GET /guilds/{guild_id}/preview", **here)
    await api("GET /guilds/{guild_id}/roles/member-counts", **here)
    await api("GET /gateway")
    assert await api("GET /soundboard-default-sounds") == []
    await api("PATCH /applications/{application_id}", {"tags": ["b"]}, application_id=me)
    assert (await api("GET /applications/{application_id}", application_id=me))["tags"] == ["b"]


async def leaving(api: Api) -> None:
    await api("DELETE /users/@me/guilds/{guild_id}", guild_id=GUILD)
    assert (await api.event("GUILD_DELETE"))["id"] == GUILD
    assert await api("GET /users/@me/guilds") == []
    await api.refused(10004, "GET /guilds/{guild_id}", guild_id=GUILD)


EVERYDAY = (
    applications,
    the_guild,
    roles_and_members,
    channels,
    messages,
    history,
    marks,
    files,
    polls,
    users,
    threads,
    webhooks,
    commands,
    interactions,
    bans,
    leaving,
)


async def _family(document: Document | None, family: Any) -> Counter[str]:
    async with gateway() as (one, client):
        await client.connect()
        await client.identify(EVERY_INTENT)
        api = Api(document, one, client)
        await family(api)
        return api.called


@pytest.mark.parametrize("family", [*EVERYDAY, others])
def test_what_a_bot_writes_it_reads_back_and_sees_as_events(family: Any) -> None:
    async def check() -> None:
        assert await _family(None, family)

    run(check)


async def _rest(document: Document, called: Counter[str]) -> tuple[list[str], list[str]]:
    """Make the calls that no family makes; return those of another shape, and the unnamed ones."""
    other, unnamed = [], []
    async with gateway() as (one, client):
        api = Api(document, one, client)
        for operation in document.operations:
            if operation in called:
                continue
            body = document.made_up_body(operation)
            wrong = document.wrong_body(operation, body)
            assert not wrong, (operation, wrong)
            names = re.findall(r"{(\w+)}", operation)
            ids = {name: GUILD if name == "guild_id" else UNKNOWN for name in names}
            status, value, _ = await api.raw(operation, body, **ids)
            if status == 501:
                event = one.log()[-1]
                said = f"{operation.split()[0]} {event.get('call', '').split()[-1]}"
                path = operation.format_map(ids)
                named = (event["event"], said) == ("unserved", path)
                if not named or document.wrong("/components/schemas/Error", value):
                    unnamed.append(operation)
            elif status == 404 and not value.get("code"):
                unnamed.append(operation)
            elif document.wrong_answer(operation, status, value):
                other.append(operation)
    return other, unnamed


def test_every_call_of_the_document_is_answered(
    document: Document, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.process_time()
    everyday: Counter[str] = Counter()
    more: Counter[str] = Counter()

    async def check() -> None:
        for family in EVERYDAY:
            everyday.update(await _family(document, family))
        more.update(await _family(document, others))
        other, unnamed = await _rest(document, everyday + more)
        further = len(more.keys() - everyday.keys())
        with capsys.disabled():
            print(
                f"\neveryday {len(everyday)} of 126 with read-back, {further} more; other shape "
                f"{len(other)}, unnamed {len(unnamed)} of {len(document.operations)}; "
                f"{time.process_time() - began:.1f} s of CPU"
            )
        assert (other, unnamed) == ([], [])
        assert len(everyday) == 126

    run(check)
