"""What people do reaches the bot as Discord sends it: commands, buttons, menus and modals.

A bare client stands for the bot. What the five libraries make of it is in tests/own_bot.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from bare_client import gateway, run
from discord_api import Api

from autograder.outcomes import UserMistake
from autograder.world.gateway import uses
from autograder.world.gateway.payloads import CHANNELS, GUILD, PEOPLE

EVERY_INTENT = (1 << 26) - 1
GENERAL = CHANNELS["general"]
CALLBACK = "POST /interactions/{interaction_id}/{interaction_token}/callback"
ORIGINAL = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
RED_AND_BLUE = [{"label": "Red", "value": "r"}, {"label": "Blue", "value": "b"}]


@pytest.fixture(autouse=True)
def quick_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bare client needs no time to register what it has sent."""
    monkeypatch.setattr(uses, "REACTION", 0.0)


def button(label: str, **more: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "custom_id": label.lower(), "label": label, **more}


def row(*items: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(items)}


POLL = {
    "content": "Well?",
    "components": [
        row(button("Vote", emoji={"name": "👍"}), button("Old", disabled=True),
            {"type": 2, "style": 5, "label": "Docs", "url": "http://localhost/"}),
        row({"type": 3, "custom_id": "colours", "options": RED_AND_BLUE, "min_values": 2,
             "max_values": 2}),
        row({"type": 5, "custom_id": "who"}),
        row({"type": 8, "custom_id": "where"}),
        row({"type": 7, "custom_id": "ping", "max_values": 2}),
    ],
}  # fmt: skip
MODAL = {
    "custom_id": "form", "title": "Order",
    "components": [
        row({"type": 4, "custom_id": "name", "label": "Your name", "style": 1, "min_length": 2,
             "max_length": 5}),
        {"type": 18, "label": "Size", "component": {
            "type": 3, "custom_id": "size", "required": False,
            "options": [RED_AND_BLUE[0], {**RED_AND_BLUE[1], "default": True}]}},
        {"type": 18, "label": "For whom", "component": {
            "type": 5, "custom_id": "whom", "required": False}},
        {"type": 18, "label": "Drink", "component": {
            "type": 21, "custom_id": "drink", "required": False, "options": RED_AND_BLUE}},
        {"type": 18, "label": "Extras", "component": {
            "type": 22, "custom_id": "extras", "required": False, "options": RED_AND_BLUE}},
        {"type": 18, "label": "Hurry", "component": {"type": 23, "custom_id": "hurry"}},
        {"type": 18, "label": "Photo", "component": {
            "type": 19, "custom_id": "photo", "required": False}},
        {"type": 10, "content": "Thank you"},
    ],
}  # fmt: skip


@asynccontextmanager
async def bot(**settings: Any) -> AsyncIterator[Api]:
    """A bot that has sent the poll to #general."""
    async with gateway(**settings) as (one, client):
        await client.connect()
        await client.identify(EVERY_INTENT)
        api = Api(None, one, client)
        await api("POST /channels/{channel_id}/messages", POLL, channel_id=GENERAL)
        yield api


async def sent(api: Api) -> dict[str, Any]:
    return await api.event("INTERACTION_CREATE")


def used(event: dict[str, Any]) -> dict[str, str]:
    return {"interaction_id": event["id"], "interaction_token": event["token"]}


def hook(event: dict[str, Any]) -> dict[str, str]:
    return {"webhook_id": event["application_id"], "webhook_token": event["token"]}


def test_a_click_arrives_with_its_message_and_the_bot_changes_it() -> None:
    async def check() -> None:
        async with bot() as api:
            identity = await api.one.click("👍 Vote", user="bo")
            event = await sent(api)
            assert (event["id"], event["type"]) == (identity, 3)
            assert event["data"] == {"custom_id": "vote", "component_type": 2, "id": 2}
            assert event["message"]["content"] == "Well?"
            assert event["member"]["user"]["id"] == PEOPLE["bo"]
            body = {"type": 7, "data": {"content": "1 voted", "components": []}}
            query = {"with_response": "true"}
            told = await api(CALLBACK, body, query=query, **used(event))
            assert told["resource"]["message"]["content"] == "1 voted"
            update = await api.event("MESSAGE_UPDATE")
            assert (update["id"], update["content"]) == (event["message"]["id"], "1 voted")
            assert (await api(f"GET {ORIGINAL}", **hook(event)))["id"] == update["id"]

    run(check)


def test_several_click_at_the_same_moment_and_the_bot_hears_them_in_their_order() -> None:
    async def check() -> None:
        async with bot() as api:
            ids = await api.one.clicks("Vote", ["ada", "bo", "ada"])
            heard = [await sent(api) for _ in ids]
            assert [event["id"] for event in heard] == ids
            users = [event["member"]["user"]["username"] for event in heard]
            assert users == ["ada", "bo", "ada"]
            assert len({event["message"]["id"] for event in heard}) == 1

    run(check)


def test_a_message_is_shown_as_it_is_now_and_not_at_all_once_it_is_deleted() -> None:
    async def check() -> None:
        async with bot() as api:
            await api.one.click("Vote")
            event = await sent(api)
            body = {"type": 7, "data": {"content": "closed", "components": []}}
            await api(CALLBACK, body, **used(event))
            identity = event["message"]["id"]
            shown = await api.one.message(identity)
            assert (shown["content"], shown["components"]) == ("closed", [])
            ids = {"channel_id": GENERAL, "message_id": identity}
            await api("DELETE /channels/{channel_id}/messages/{message_id}", **ids)
            assert await api.one.message(identity) is None

    run(check)


def test_a_button_is_clicked_after_the_journal_was_reset() -> None:
    async def check() -> None:
        async with bot() as api:
            await api.one.reset()
            await api.one.click("Vote")
            assert (await sent(api))["data"]["custom_id"] == "vote"

    run(check)


def test_a_promised_change_is_made_through_the_original_message() -> None:
    async def check() -> None:
        async with bot() as api:
            await api.one.click("Vote")
            event = await sent(api)
            await api(CALLBACK, {"type": 6}, **used(event))
            await api(f"PATCH {ORIGINAL}", {"content": "later"}, **hook(event))
            assert (await api.event("MESSAGE_UPDATE"))["id"] == event["message"]["id"]
            more = await api("POST /webhooks/{webhook_id}/{webhook_token}", {"content": "and"},
                             query={"wait": "true"}, **hook(event))  # fmt: skip
            assert more["id"] != event["message"]["id"]  # a message of its own
            await api.one.click("Vote")
            event = await sent(api)
            ids = {"channel_id": GENERAL, "message_id": event["message"]["id"]}
            await api("DELETE /channels/{channel_id}/messages/{message_id}", **ids)
            status, value, _ = await api.raw(CALLBACK, {"type": 7}, **used(event))
            assert (status, value["code"]) == (404, 10008)

    run(check)


async def a_command(api: Api) -> None:
    await api.one.command("roll")


async def a_click(api: Api) -> None:
    await api.one.click("Vote")


async def a_modal(api: Api) -> None:
    await api.one.command("order")
    await api(CALLBACK, {"type": 9, "data": MODAL}, **used(await sent(api)))
    await api.one.fill({"name": "Ada"})


@pytest.mark.parametrize(
    ("act", "wrong", "right"),
    [
        (a_command, (1, 6, 7, 8, 99, None, [4]), 5),
        (a_click, (1, 8), 6),
        (a_modal, (8, 9), 5),
    ],
)
def test_a_callback_that_does_not_fit_its_interaction_is_refused(
    act: Any, wrong: tuple[Any, ...], right: int
) -> None:
    async def check() -> None:
        async with bot() as api:
            await act(api)
            event = await sent(api)
            for kind in wrong:
                status, value, _ = await api.raw(CALLBACK, {"type": kind}, **used(event))
                assert (status, value["code"]) == (400, 50035), kind
            await api(CALLBACK, {"type": right}, **used(event))  # nothing was acknowledged before
            names = [e["type"] for e in api.one.log() if e["event"] == "acknowledged"]
            assert names[-1] == right

    run(check)


@pytest.mark.parametrize(
    "change",
    [{"title": ""}, {"title": "x" * 46}, {"custom_id": None}, {"components": []},
     {"components": [{"custom_id": "a"}]}],
)  # fmt: skip
def test_a_modal_without_what_discord_asks_for_is_refused(change: dict[str, Any]) -> None:
    async def check() -> None:
        async with bot() as api:
            await api.one.click("Vote")
            event = await sent(api)
            body = {"type": 9, "data": {**MODAL, **change}}
            status, value, _ = await api.raw(CALLBACK, body, **used(event))
            assert (status, value["code"]) == (400, 50035)

    run(check)


def test_a_menu_arrives_with_what_was_chosen() -> None:
    async def check() -> None:
        async with bot() as api:
            await api.one.choose("Red", "b")
            assert (await sent(api))["data"]["values"] == ["r", "b"]
            await api.one.choose("cy")
            data = (await sent(api))["data"]
            assert (data["custom_id"], data["values"]) == ("who", [PEOPLE["cy"]])
            assert data["resolved"]["users"][PEOPLE["cy"]]["username"] == "cy"
            assert data["resolved"]["members"].keys() == {PEOPLE["cy"]}
            await api.one.choose("#games")
            data = (await sent(api))["data"]
            assert data["resolved"]["channels"][CHANNELS["games"]]["name"] == "games"
            await api.one.choose("@everyone", "@bo")
            data = (await sent(api))["data"]
            assert data["values"] == [GUILD, PEOPLE["bo"]]
            assert data["resolved"].keys() == {"roles", "users", "members"}

    run(check)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda one: one.click("Old"), 'the button "Old" is disabled'),
        (lambda one: one.click("Docs"), 'the button "Docs" opens http://localhost/: the bot hears'),
        (lambda one: one.click("vite"), 'no button "vite" to click; there is Vote$'),
        (lambda one: one.choose("Red"), 'the menu with "Red" takes 2 choices, not 1'),
        (lambda one: one.choose("@everyone", "bo", "cy"), '"cy" takes 1 to 2 choices, not 3'),
        (lambda one: one.use("Report"), 'registered no "Report" for the context menu; it has none'),
        (lambda one: one.choose("Red", "Green"), 'choose "Red" "Green"; there is Red, Blue'),
        (lambda one: one.fill({"name": "Ada"}), "the bot has opened no modal for ada"),
        (lambda one: one.react(None, "tada"), "there is no emoji tada: write it as a character"),
        (lambda one: one.unreact(None, "🎉"), "there is no such message yet"),
        (lambda one: one.edit("hi", author="bo"), "there is no such message yet"),
        (lambda one: one.vote(None, 1), "there is no such message yet"),
        (lambda one: one.reply("hi", message="7"), "there is no message 7"),
        (lambda one: one.say("hi", files=["7"]), "there is no file 7"),
    ],
)
def test_what_is_not_there_is_told(
    act: Any, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uses, "PATIENCE", 0.0)

    async def check() -> None:
        async with bot() as api:
            with pytest.raises(UserMistake, match=sentence):
                await act(api.one)

    run(check)


def test_a_modal_is_filled_in_by_its_labels() -> None:
    async def check() -> None:
        async with bot() as api:
            await api.one.click("Vote", user="bo")
            clicked = await sent(api)
            photo = await api.one.attach("a.png", b64encode(b"hello").decode())
            values = {"Your name": "Bo", "Size": "Red", "For whom": "cy", "Drink": "Blue"}
            values |= {"Extras": "Red, Blue", "Hurry": "yes", "Photo": photo}
            waiting = asyncio.create_task(api.one.fill(values, user="bo"))
            await asyncio.sleep(0)  # it waits for the modal
            await api(CALLBACK, {"type": 9, "data": MODAL}, **used(clicked))
            await waiting
            event = await sent(api)
            assert (event["type"], event["data"]["custom_id"]) == (5, "form")
            assert event["message"]["id"] == clicked["message"]["id"]
            name, *labels, text = event["data"]["components"]
            assert name["components"] == [{"type": 4, "id": 2, "custom_id": "name", "value": "Bo"}]
            inner = [label["component"] for label in labels]
            chosen = [one["values"] if "values" in one else one["value"] for one in inner]
            assert chosen == [["r"], [PEOPLE["cy"]], "b", ["r", "b"], True, [photo]]
            resolved = event["data"]["resolved"]
            assert resolved["users"].keys() == {PEOPLE["cy"]}
            assert resolved["attachments"][photo]["filename"] == "a.png"
            assert text == {"type": 10, "id": 15}
            await api(CALLBACK, {"type": 7, "data": {"content": "thanks"}}, **used(event))
            assert (await api.event("MESSAGE_UPDATE"))["id"] == clicked["message"]["id"]

    run(check)


def test_a_field_that_is_not_filled_in_keeps_the_modal_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uses, "PATIENCE", 0.0)

    async def check() -> None:
        async with bot() as api:
            await api.one.click("Vote")
            await api(CALLBACK, {"type": 9, "data": MODAL}, **used(await sent(api)))
            for values, sentence in (
                ({}, "the field Your name must be filled in"),
                ({"name": "Augusta"}, "the field Your name takes 5 characters"),
                (
                    {"name": "Ada", "Size": "Green"},
                    "Size one cannot choose Green; there is Red, Blue",
                ),
                ({"name": "Ada", "Drink": "Red,Blue"}, "the field Drink takes 1 choice, not 2"),
                ({"name": "A"}, "the field Your name takes 2 characters or more"),
                ({"name": "Ada", "Hurry": "maybe"}, "the field Hurry takes yes or no, not maybe"),
                ({"name": "Ada", "For whom": "dot"}, "in the field For whom one cannot choose dot"),
                ({"name": "Ada", "age": "36"}, "no field age: it shows Order: Your name, Size"),
            ):
                with pytest.raises(UserMistake, match=sentence):
                    await api.one.fill(values)
            await api.one.fill({"name": "Ada"})
            inner = [one.get("component") for one in (await sent(api))["data"]["components"]]
            assert inner[1]["values"] == ["b"]  # the default
            assert (inner[3]["value"], inner[4]["values"], inner[5]["value"]) == (None, [], False)
            with pytest.raises(UserMistake, match="has opened no modal"):
                await api.one.fill({"name": "Ada"})
            await api.one.click("Vote", user="bo")
            await api(CALLBACK, {"type": 9, "data": MODAL}, **used(await sent(api)))
            with pytest.raises(UserMistake, match="no modal for ada; it has opened one for bo"):
                await api.one.fill({"name": "Ada"})

    run(check)


def test_suggestions_come_for_the_last_option() -> None:
    async def check() -> None:
        async with bot() as api:
            asked = asyncio.create_task(api.one.suggest("look up", {"days": 3, "city": "Os"}))
            event = await sent(api)
            assert event["type"] == 4
            (inner,) = event["data"]["options"]
            days, city = inner["options"]
            assert (inner["name"], inner["type"]) == ("up", 1)
            assert city == {"name": "city", "type": 3, "value": "Os", "focused": True}
            assert "focused" not in days
            many = [{"name": str(n), "value": n} for n in range(26)]
            status, value, _ = await api.raw(
                CALLBACK, {"type": 8, "data": {"choices": many}}, **used(event)
            )
            assert (status, value["code"]) == (400, 50035)
            choices = [{"name": "Oslo", "value": "o"}, {"name": "Osaka", "value": "k"}]
            await api(CALLBACK, {"type": 8, "data": {"choices": choices}}, **used(event))
            assert await asked == ["Oslo", "Osaka"]
            asked = asyncio.create_task(api.one.suggest("look up", {"city": "Q"}))
            none = {"type": 8, "data": {"choices": []}}
            await api(CALLBACK, none, **used(await sent(api)))
            assert await asked == []

    run(check)


def test_a_choice_is_sent_by_its_value_and_a_file_with_its_address() -> None:
    async def check() -> None:
        async with bot() as api:
            options = [
                {"name": "colour", "description": "x", "type": 3,
                 "choices": [{"name": "Red", "value": "r"}]},
                {"name": "file", "description": "x", "type": 11},
            ]  # fmt: skip
            body = {"name": "paint", "description": "x", "options": options}
            me = next(iter(api.one.bots.values())).account.id
            await api("POST /applications/{application_id}/commands", body, application_id=me)
            file = await api.one.attach("a.txt", b64encode(b"hello").decode())
            await api.one.command("paint", options={"colour": "Red", "file": file})
            data = (await sent(api))["data"]
            assert [one["value"] for one in data["options"]] == ["r", file]
            kept = data["resolved"]["attachments"][file]
            async with api.client.http.get(kept["url"]) as response:
                assert await response.read() == b"hello"
            said = [e["said"] for e in api.one.log() if e["event"] == "interaction"]
            assert said == ["/paint colour=Red file=a.txt"]

    run(check)


def test_messages_of_people_change_and_go_and_reactions_are_taken_back() -> None:
    async def check() -> None:
        async with bot() as api:
            one = api.one
            first = await one.say("hello", author="bo")
            await one.edit(f"hello <@{PEOPLE['cy']}>", author="bo")
            update = await api.event("MESSAGE_UPDATE")
            assert (update["id"], update["mentions"][0]["username"]) == (first, "cy")
            with pytest.raises(UserMistake, match="cannot change the message"):
                await one.edit("mine", author="ada", message=first)
            answer = await one.reply("thanks", author="cy")
            event = await api.event("MESSAGE_CREATE")
            while event["id"] != answer:
                event = await api.event("MESSAGE_CREATE")
            assert event["referenced_message"]["content"] == "Well?"
            assert event["type"] == 19
            await one.react(first, "👍", user="cy")
            assert (await api.event("MESSAGE_REACTION_ADD"))["message_id"] == first
            with pytest.raises(UserMistake, match="ada has not reacted"):
                await one.unreact(first, "👍")
            await one.unreact(None, "👍", user="cy")
            gone = await api.event("MESSAGE_REACTION_REMOVE")
            assert (gone["message_id"], gone["user_id"]) == (first, PEOPLE["cy"])
            await one.delete("bo")
            assert (await api.event("MESSAGE_DELETE"))["id"] == first
            said = [e["said"] for e in one.log() if e["event"] == "act"]
            assert said[1:] == ["react 👍", "unreact 👍", "delete"]

    run(check)


def test_a_vote_is_given_by_text_or_number() -> None:
    async def check() -> None:
        async with bot() as api:
            answers = [{"poll_media": {"text": text}} for text in ("yes", "no")]
            poll = {"poll": {"question": {"text": "Well?"}, "answers": answers}}
            await api("POST /channels/{channel_id}/messages", poll, channel_id=GENERAL)
            for user, answer, number in (("ada", "no", 2), ("bo", "1", 1), ("cy", 2, 2)):
                await api.one.vote(None, answer, user=user)
                event = await api.event("MESSAGE_POLL_VOTE_ADD")
                assert (event["answer_id"], event["user_id"]) == (number, PEOPLE[user])
            with pytest.raises(UserMistake, match="no poll with an answer maybe"):
                await api.one.vote(None, "maybe")

    run(check)


def test_a_button_of_a_deleted_channel_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uses, "PATIENCE", 0.0)

    async def check() -> None:
        async with bot() as api:
            guild = {"guild_id": GUILD}
            made = await api("POST /guilds/{guild_id}/channels", {"name": "ticket"}, **guild)
            body = {"components": [row(button("Vote"))]}
            place = {"channel_id": made["id"]}
            newer = await api("POST /channels/{channel_id}/messages", body, **place)
            await api.one.click("Vote")
            assert (await sent(api))["message"]["id"] == newer["id"]
            await api("DELETE /channels/{channel_id}", **place)
            await api.one.click("Vote")
            assert (await sent(api))["message"]["content"] == "Well?"

    run(check)


def test_a_limit_on_sends_begins_and_ends_on_demand() -> None:
    async def check() -> None:
        async with bot() as api:
            send = "POST /channels/{channel_id}/messages"
            await api.one.ratelimit(1, 60.0)
            await api(send, {"content": "one"}, channel_id=GENERAL)
            status, value, _ = await api.raw(send, {"content": "two"}, channel_id=GENERAL)
            assert status == 429
            assert 50 < value["retry_after"] <= 60  # the rest of the window
            await api.one.ratelimit(0)
            await api(send, {"content": "three"}, channel_id=GENERAL)

    run(check)


MESSAGE = "/channels/{channel_id}/messages/{message_id}"
FOLLOW_UP = "POST /webhooks/{webhook_id}/{webhook_token}"


async def register(api: Api, *commands: dict[str, Any]) -> str:
    me: str = next(iter(api.one.bots.values())).account.id
    await api("PUT /applications/{application_id}/commands", list(commands), application_id=me)
    return me


def test_a_context_menu_brings_the_person_or_the_message_it_was_opened_on() -> None:
    async def check() -> None:
        async with bot() as api:
            await register(api, {"name": "Report", "type": 3}, {"name": "Profile", "type": 2})
            said = await api.one.say("buy my coins", author="cy")
            await api.one.say("hello", author="bo")
            await api.one.use("Report", "cy", user="bo")
            event = await sent(api)
            data = event["data"]
            assert (data["name"], data["type"], data["target_id"]) == ("Report", 3, said)
            assert data["resolved"]["messages"][said]["content"] == "buy my coins"
            assert event["member"]["user"]["username"] == "bo"
            query = {"with_response": "true"}
            body = {"type": 4, "data": {"content": "thanks", "flags": 64}}
            told = (await api(CALLBACK, body, query=query, **used(event)))["resource"]["message"]
            assert (told["type"], told["flags"]) == (23, 64)
            assert told["interaction_metadata"]["target_message_id"] == said
            await api.one.use("Profile", "cy")
            data = (await sent(api))["data"]
            assert data["target_id"] == PEOPLE["cy"]
            assert data["resolved"].keys() == {"users", "members"}
            await api.one.use("Report")  # the newest message that all can see
            resolved = (await sent(api))["data"]["resolved"]["messages"]
            assert [one["content"] for one in resolved.values()] == ["hello"]
            await api.one.use("Profile")
            assert (await sent(api))["data"]["target_id"] == PEOPLE["bo"]
            with pytest.raises(UserMistake, match="no member dot here to open the context menu"):
                await api.one.use("Profile", "dot")
            said_by_people = [e["said"] for e in api.one.log() if e["event"] == "interaction"]
            assert said_by_people[0] == 'use "Report" on cy'

    run(check)


def test_a_command_of_a_guild_says_so_because_libraries_look_it_up_there() -> None:
    async def check() -> None:
        async with bot() as api:
            me = next(iter(api.one.bots.values())).account.id
            path = "PUT /applications/{application_id}/guilds/{guild_id}/commands"
            rows = [{"name": "roll", "description": "x"}, {"name": "Report", "type": 3}]
            await api(path, rows, application_id=me, guild_id=GUILD)
            await api.one.command("roll")
            assert (await sent(api))["data"]["guild_id"] == GUILD
            await api.one.use("Report")
            assert (await sent(api))["data"]["guild_id"] == GUILD
            await register(api, {"name": "flip", "description": "x"})
            await api.one.command("flip")
            assert "guild_id" not in (await sent(api))["data"]

    run(check)


def test_an_ephemeral_answer_is_seen_by_one_person_and_changed_through_its_webhook_alone() -> None:
    async def check() -> None:
        async with bot() as api:
            await api.one.command("secret", user="bo")
            event = await sent(api)
            body = {"type": 4, "data": {"content": "psst", "flags": 64, "components": [
                row(button("Mine"))]}}  # fmt: skip
            told = await api(CALLBACK, body, query={"with_response": "true"}, **used(event))
            assert told["interaction"]["response_message_ephemeral"] is True
            created = await api.event("MESSAGE_CREATE")  # as of a direct message
            assert (created["flags"], "guild_id" in created) == (64, False)
            one = {"channel_id": GENERAL, "message_id": created["id"]}
            for call in (f"GET {MESSAGE}", f"DELETE {MESSAGE}", f"PUT {MESSAGE}/reactions/👍/@me"):
                await api.refused(10008, call, **one)
            history = await api("GET /channels/{channel_id}/messages", channel_id=GENERAL)
            assert created["id"] not in [item["id"] for item in history]
            assert (await api(f"GET {ORIGINAL}", **hook(event)))["content"] == "psst"
            edited = await api(f"PATCH {ORIGINAL}", {"content": "pst", "flags": 0}, **hook(event))
            assert (edited["content"], edited["flags"]) == ("pst", 64)
            with pytest.raises(UserMistake, match='only bo sees the button "Mine"'):
                await api.one.click("Mine", user="ada")
            await api.one.click("Mine", user="bo")
            clicked = await sent(api)
            assert clicked["message"]["flags"] == 64
            await api(CALLBACK, {"type": 7, "data": {"content": "done"}}, **used(clicked))
            await api(f"DELETE {ORIGINAL}", **hook(event))
            await api.refused(10008, f"GET {ORIGINAL}", **hook(event))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uses, "PATIENCE", 0.0)
        run(check)


@pytest.mark.parametrize(("promised", "flags"), [(64, 64), (0, 0)])
def test_a_deferral_decides_whether_its_answer_is_ephemeral(promised: int, flags: int) -> None:
    async def check() -> None:
        async with bot() as api:
            await api.one.command("think")
            event = await sent(api)
            body = {"type": 5, "data": {"flags": promised}}
            told = await api(CALLBACK, body, query={"with_response": "true"}, **used(event))
            assert told["interaction"]["response_message_ephemeral"] is bool(promised)
            assert told["resource"]["message"]["flags"] == promised | 128
            wait = {"query": {"wait": "true"}, **hook(event)}
            first = await api(FOLLOW_UP, {"content": "one", "flags": 64 - promised}, **wait)
            assert first["flags"] == flags
            for wanted in (64, 0):  # from here on each decides for itself
                more = await api(FOLLOW_UP, {"content": "two", "flags": wanted}, **wait)
                assert more["flags"] == wanted

    run(check)


def test_an_answer_tells_of_its_interaction() -> None:
    async def check() -> None:
        async with bot() as api:
            query = {"with_response": "true"}

            async def answer(body: dict[str, Any]) -> tuple[Any, Any]:
                event = await sent(api)
                told = await api(CALLBACK, body, query=query, **used(event))
                return event, told.get("resource", {}).get("message")

            await api.one.command("admin ban", user="bo")
            event, told = await answer({"type": 4, "data": {"content": "ok"}})
            about = told["interaction_metadata"]
            assert (about["id"], about["type"], about["user"]["username"]) == (event["id"], 2, "bo")
            assert about["authorizing_integration_owners"] == {"0": GUILD}
            assert (told["type"], told["interaction"]["name"]) == (20, "admin ban")
            wait = {"query": {"wait": "true"}, **hook(event)}
            more = await api(FOLLOW_UP, {"content": "more"}, **wait)
            assert more["interaction_metadata"]["original_response_message_id"] == told["id"]
            assert (more["type"], more["message_reference"]["message_id"]) == (19, told["id"])
            await api.one.click("Vote")
            clicked, told = await answer({"type": 4, "data": {"content": "voted"}})
            assert told["interaction_metadata"]["interacted_message_id"] == clicked["message"]["id"]
            assert told["message_reference"]["message_id"] == clicked["message"]["id"]
            assert told["mentions"] == []  # it pings nobody
            await api.one.click("Vote")
            clicked, _ = await answer({"type": 9, "data": MODAL})
            await api.one.fill({"name": "Ada"})
            _, told = await answer({"type": 4, "data": {"content": "sent"}})
            opened = told["interaction_metadata"]["triggering_interaction_metadata"]
            assert (opened["id"], opened["type"]) == (clicked["id"], 3)

    run(check)
