"""A guild from a TOML file: its ids are those that a bot has in its code."""

from __future__ import annotations

from pathlib import Path

import pytest
from bare_client import gateway, run
from discord_api import Api

from autograder.outcomes import UserMistake
from autograder.world import guild_file
from autograder.world.gateway.payloads import CHANNELS, PEOPLE, Plan

GUILD, LOUNGE, MODERATOR, ADA, PINNED = (f"8123456789012345{last}" for last in range(67, 72))


def plan_of(tmp_path: Path, text: str) -> Plan:
    file = tmp_path / "guild.toml"
    file.write_text(text, encoding="utf-8")
    return guild_file.read(str(file))


def test_a_bot_finds_its_own_ids(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, guild_file.EXAMPLE)

    async def check() -> None:
        async with gateway() as (one, client):
            one.found(plan)
            await client.connect()
            ready = await client.identify((1 << 26) - 1)
            assert ready["d"]["guilds"] == [{"id": GUILD, "unavailable": True}]
            whole = (await client.until(event="GUILD_CREATE"))["d"]
            assert (whole["id"], whole["name"], whole["owner_id"]) == (GUILD, "Chess club", ADA)
            channels = {item["name"]: item for item in whole["channels"]}
            assert channels.keys() == {"Talk", "lounge"}
            lounge = channels["lounge"]
            assert (lounge["id"], lounge["topic"]) == (LOUNGE, "Say hello")
            assert lounge["parent_id"] == channels["Talk"]["id"]
            api = Api(None, one, client)
            role = await api("GET /guilds/{guild_id}/roles/{role_id}", guild_id=GUILD,
                             role_id=MODERATOR)  # fmt: skip
            assert (role["name"], role["permissions"]) == ("Moderator", "8")
            member = await api("GET /guilds/{guild_id}/members/{user_id}", guild_id=GUILD,
                               user_id=ADA)  # fmt: skip
            assert (member["nick"], member["roles"]) == ("Countess", [MODERATOR])
            read = await api("GET /channels/{channel_id}/messages/{message_id}",
                             channel_id=LOUNGE, message_id=PINNED)  # fmt: skip
            assert (read["content"], read["author"]["id"]) == ("React here to get your roles", ADA)
            await one.say("hi")  # there is no #general, so it is the first text channel
            assert (await api.event("MESSAGE_CREATE"))["channel_id"] == LOUNGE
            await api("PATCH /guilds/{guild_id}", {"name": "Go club"}, guild_id=GUILD)
            assert (await api.event("GUILD_UPDATE"))["id"] == GUILD
            form = {"name": "mods", "type": 0}
            made = await api("POST /guilds/{guild_id}/channels", form, guild_id=GUILD)
            assert (made["guild_id"], (await api.event("CHANNEL_CREATE"))["id"]) == (
                GUILD,
                made["id"],
            )

    run(check)


def test_what_a_file_leaves_out_is_as_in_the_course(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, 'name = "Mine"\n[[members]]\nname = "zoe"\n')
    assert {channel["name"]: channel["id"] for channel in plan.channels} == CHANNELS
    assert plan.people.keys() == {"zoe"}
    assert plan.guild["owner_id"] == plan.people["zoe"]
    assert plan_of(tmp_path, "").people == PEOPLE


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name = ", "is not TOML: "),
        ("id = 1.5", "the file: id is a number, and not 1.5"),
        ("id = -1", "the id -1 is none of Discord's"),
        ("colour = 3", "the file: colour means nothing there; it takes name, id, owner, channels"),
        ("channels = [3]", r"channels, number 1: write it below a line \[\[channels\]\]"),
        ("[[channels]]\nid = 5", "channels, number 1: name is missing"),
        ('[[channels]]\nname = "a"\ntype = "chat"', "a: type is one of text, voice, .*, not chat"),
        ('[[channels]]\nname = "a"\n[[channels]]\nname = "a"', "channels: a stands there twice"),
        ('[[roles]]\nname = "a"\nid = 7\n[[members]]\nname = "b"\nid = 7', "the same id, 7"),
        ('[[members]]\nname = "a"\nroles = ["mod"]', "a: no role is called mod"),
        ('owner = "dot"', "owner: no member is called dot"),
        (
            '[[messages]]\nchannel = "attic"\nauthor = "ada"\ncontent = "x"',
            "messages: no channel is called attic",
        ),
        (
            '[[messages]]\nchannel = "#general"\nauthor = "dot"\ncontent = "x"',
            "messages: no member is called dot",
        ),
    ],
)
def test_a_mistake_in_a_file_is_told_with_its_place(
    text: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(UserMistake, match=sentence):
        plan_of(tmp_path, text)


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(UserMistake, match=r"--guild nowhere\.toml cannot be read"):
        guild_file.read("nowhere.toml")
