"""What the REST API refuses, filters and forgets; the API's families are in test_gateway_api.py."""

from __future__ import annotations

import json
import re
from typing import Any

import aiohttp
import pytest
from bare_client import GUILD_MESSAGES, MESSAGE_CONTENT, Client, gateway, run

from autograder.livelog import lines
from autograder.outcomes import UserMistake
from autograder.world import console
from autograder.world.gateway import hub, rest
from autograder.world.gateway.payloads import GUILD
from autograder.world.gateway.server import GatewayServer

GUILDS, MEMBERS, REACTIONS = 1, 1 << 1, 1 << 10
UNKNOWN = "999999999999999999"


async def call(client: Client, method: str, path: str, **more: Any) -> tuple[int, Any, Any]:
    """Return the status, the JSON and the headers of an answer."""
    headers = {"Authorization": f"Bot {client.gateway.token}"}
    url = client.gateway.rest_url + path
    async with client.http.request(method, url, headers=headers, **more) as response:
        value = await response.json() if response.content_type == "application/json" else None
        return response.status, value, response.headers


def messages_of(one: GatewayServer, channel: str = "general") -> str:
    return f"/channels/{one.channel_id(channel)}/messages"


def test_a_call_that_is_not_served_is_answered_with_501_and_told() -> None:
    async def check() -> None:
        async with gateway() as (one, client):
            for method, path in (("POST", "/lobbies"), ("PUT", messages_of(one))):
                status, body, _ = await call(client, method, path, json={})
                event = one.log()[-1]
                assert (status, set(body)) == (501, {"code", "message"})
                assert (event["event"], event["call"]) == ("unserved", f"{method} {path}")
                sentence = f"your bot called {method} {path}: this gateway does not serve it"
                told = console.describe(event, 5.0)
                assert told is not None
                assert told[1] == sentence
                line = lines.line(event)
                assert line is not None
                assert line["text"] == sentence

    run(check)


@pytest.mark.parametrize("scheme", ["http", "ws"])
@pytest.mark.parametrize(
    ("name", "place", "status"),
    [
        ("Host", "evil.example", 403),
        ("Host", "127.0.0.1.evil.example:80", 403),
        ("Host", "[::", 403),
        ("Origin", "https://evil.example", 403),
        ("Origin", "null", 403),
        ("Origin", "http://localhost:8888", 200),
        ("Host", "localhost:1", 200),
    ],
)
def test_a_page_of_the_web_is_refused(scheme: str, name: str, place: str, status: int) -> None:
    async def check() -> None:
        async with gateway() as (one, client):
            if scheme == "http":
                headers = {"Authorization": f"Bot {one.token}", name: place}
                url = f"{one.rest_url}/users/@me"
                async with client.http.get(url, headers=headers) as response:
                    assert response.status == status
            elif status == 403:
                with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
                    await client.http.ws_connect(one.ws_url, headers={name: place})
                assert refusal.value.status == 403
            else:
                await (await client.http.ws_connect(one.ws_url, headers={name: place})).close()

    run(check)


@pytest.mark.slow
def test_an_id_that_does_not_exist_is_told_with_discords_code() -> None:
    async def check() -> None:
        async with gateway() as (one, client):
            wrong = []
            for route in rest.ROUTES:
                method, path = route.split()
                names = re.findall(r"{(\w+)}", path)
                if not names or ("applications" in path and names[-1] in ("application", "guild")):
                    continue  # the bot's own things, whatever the application is called
                known = {"guild": GUILD, "channel": one.channel_id("general")}
                last = names.index("message") if "message" in names else len(names) - 1
                ids = dict.fromkeys(names, UNKNOWN)
                if "thread-members" not in path:  # the known channel is no thread
                    ids |= {n: known[n] for n in names[:last] if n in known}
                if names == ["guild"]:
                    ids["guild"] = UNKNOWN
                if route == "PUT /channels/{channel}/permissions/{overwrite}":
                    continue  # makes it
                status, body, _ = await call(client, method, path.format_map(ids), json={})
                if status != 404 or not 10_000 < body["code"] < 11_000:
                    wrong.append((route, status, body))
            assert wrong == []

    run(check)


def test_every_answer_has_the_headers_of_a_limit() -> None:
    async def check() -> None:
        async with gateway() as (_, client):
            expected = {200: "/users/@me", 404: "/users/1", 501: "/nowhere"}
            for status, path in expected.items():
                found, _, headers = await call(client, "GET", path)
                assert found == status
                for name in ("Limit", "Remaining", "Reset", "Reset-After", "Bucket"):
                    assert headers[f"X-RateLimit-{name}"]
                assert int(headers["X-RateLimit-Remaining"]) > 0

    run(check)


def test_a_form_carries_a_body_with_and_without_files() -> None:
    """py-cord answers every interaction in a form without files."""

    async def check() -> None:
        async with gateway() as (one, client):
            form = {"payload_json": json.dumps({"content": "from a form"})}
            _, message, _ = await call(client, "POST", messages_of(one), data=form)
            assert message["content"] == "from a form"

    run(check)


def test_what_is_no_text_is_no_empty_message() -> None:
    async def check() -> None:
        async with gateway() as (one, client):
            path = messages_of(one)
            said = await one.say("original")
            button = {"type": 2, "style": 1, "label": "x", "custom_id": "x"}
            answers = [{"poll_media": {"text": "yes"}}]
            for body in (
                {"components": [{"type": 1, "components": [button]}]},
                {"components": [{"type": 10, "content": "v2"}], "flags": 1 << 15},
                {"poll": {"question": {"text": "?"}, "answers": answers}},
                {"message_reference": {"message_id": said, "type": 1}},
                {"sticker_ids": [UNKNOWN]},
            ):
                assert (await call(client, "POST", path, json=body))[0] == 200, body
            for body in ({}, {"content": None}, {"embeds": []}):
                assert (await call(client, "POST", path, json=body))[1]["code"] == 50006

    run(check)


def test_a_path_without_a_version_is_served_and_told_as_others() -> None:
    async def check() -> None:
        async with gateway() as (one, client):
            bare = one.rest_url.removesuffix("/v10")
            headers = {"Authorization": f"Bot {one.token}"}
            async with client.http.get(f"{bare}/users/@me", headers=headers) as response:
                assert (await response.json())["username"] == "bot"
            async with client.http.get(f"{bare}/nowhere", headers=headers) as response:
                assert response.status == 501
            assert one.log()[-1]["call"] == "GET /nowhere"

    run(check)


def test_a_wrong_type_is_an_invalid_form() -> None:
    async def check() -> None:
        async with gateway() as (one, client):
            channel = f"/channels/{one.channel_id('general')}"
            for method, path, body in (
                ("PATCH", channel, {"nsfw": "yes"}),
                ("PATCH", channel, []),
                ("PATCH", f"/guilds/{GUILD}/roles", {"id": 5}),
                ("POST", f"/guilds/{GUILD}/channels", {"type": 0}),
                ("POST", f"/guilds/{GUILD}/emojis", {"name": "x", "image": "no picture"}),
                ("POST", f"{channel}/messages", {"embeds": "x"}),
                ("POST", f"{channel}/messages/bulk-delete", {"messages": 5}),
            ):
                status, answer, _ = await call(client, method, path, json=body)
                assert (status, answer["code"]) == (400, 50035), (path, body)
            status, _, _ = await call(client, "GET", f"{channel}/messages?limit=101")
            assert status == 400

    run(check)


def test_events_come_to_those_who_asked_for_them() -> None:
    async def check() -> None:
        async with gateway() as (one, client):
            await client.connect()
            await client.identify(GUILD_MESSAGES | MESSAGE_CONTENT)
            said = await one.say("first")
            await one.react(said, "👍")
            await call(client, "PATCH", f"/guilds/{GUILD}/members/@me", json={"nick": "x"})
            await one.say("second")
            await client.until(event="MESSAGE_CREATE")
            await client.until(event="MESSAGE_CREATE")
            assert [event["t"] for event in client.events] == ["READY", *["MESSAGE_CREATE"] * 2]
            await client.connect()
            await client.identify(GUILD_MESSAGES | REACTIONS | MEMBERS)
            await one.react(said, "🎉", user="bo")
            event = await client.until(event="MESSAGE_REACTION_ADD")
            assert event["d"]["member"]["user"]["username"] == "bo"

    run(check)


def test_a_replayed_event_is_what_it_was() -> None:
    async def check() -> None:
        async with gateway() as (one, client):
            await client.connect()
            await client.identify(GUILDS)
            await client.until(event="GUILD_CREATE")
            await one.drop()
            path = f"/channels/{one.channel_id('general')}"
            for topic in ("first", "second"):
                await call(client, "PATCH", path, json={"topic": topic})
            client.events.clear()
            await client.resume()
            await client.until(event="RESUMED")
            topics = [e["d"]["topic"] for e in client.events if e["t"] == "CHANNEL_UPDATE"]
            assert topics == ["first", "second"]

    run(check)


def test_members_are_asked_for_by_name_and_by_id() -> None:
    async def check() -> None:
        async with gateway() as (one, client):
            await client.connect()
            await client.identify(GUILDS)
            ask = {"guild_id": GUILD, "nonce": "n"}
            await client.send(8, {**ask, "query": "B", "limit": 1})
            chunk = (await client.until(event="GUILD_MEMBERS_CHUNK"))["d"]
            assert [item["user"]["username"] for item in chunk["members"]] == ["bo"]
            ids = [one.people["cy"].id, UNKNOWN]
            await client.send(8, {**ask, "user_ids": ids})
            chunk = (await client.until(event="GUILD_MEMBERS_CHUNK"))["d"]
            assert [item["user"]["username"] for item in chunk["members"]] == ["cy"]
            assert (chunk["not_found"], chunk["nonce"]) == ([UNKNOWN], "n")

    run(check)


def test_who_is_kicked_comes_back_and_who_is_banned_does_not() -> None:
    async def check() -> None:
        async with gateway() as (one, client):
            member = f"/guilds/{GUILD}/members/{one.people['ada'].id}"
            assert (await call(client, "DELETE", member))[0] == 204
            assert (await call(client, "GET", member))[1]["code"] == 10007
            await one.say("here again")
            assert (await call(client, "GET", member))[0] == 200
            ban = f"/guilds/{GUILD}/bans/{one.people['ada'].id}"
            assert (await call(client, "PUT", ban, json={}))[0] == 204
            with pytest.raises(UserMistake, match="banned ada"):
                await one.say("and again")

    run(check)


def test_old_messages_go_with_their_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MESSAGES", 3)
    monkeypatch.setattr(hub, "BYTES", 25)

    async def check() -> None:
        async with gateway() as (one, client):
            for _ in range(5):
                form = aiohttp.FormData()
                form.add_field("files[0]", b"0123456789", filename="x.txt")
                await call(client, "POST", messages_of(one), data=form)
            assert (len(one.messages), len(one.files)) == (3, 2)

    run(check)


def test_what_a_person_cannot_do_is_said() -> None:
    async def check() -> None:
        async with gateway() as (one, _):
            said = await one.say("no poll")
            with pytest.raises(UserMistake, match="has no poll"):
                await one.vote(said, 1)
            with pytest.raises(UserMistake, match="no message 5"):
                await one.react("5", "👍")

    run(check)
