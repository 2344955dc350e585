"""discord.py, py-cord, nextcord or disnake calls its own methods for each family of the API.

The four share most names; `only` leaves out what a library does not have. At its end the bot
prints one line of JSON: what failed, with its traceback, what its log complained of, and which
events it has seen. The environment decides which library it is.
"""

from __future__ import annotations

import asyncio
import datetime
import importlib
import io
import json
import logging
import os
import sys
import traceback
from typing import Any

rest_url, ws_url, token = sys.argv[1:4]
for name in ("nextcord", "disnake", "discord"):
    try:
        lib: Any = importlib.import_module(name)
    except ImportError:
        continue
    break
http: Any = importlib.import_module(f"{lib.__name__}.http")
setattr(http.Route, "API_BASE_URL" if hasattr(http.Route, "API_BASE_URL") else "BASE", rest_url)
if hasattr(lib.gateway.DiscordWebSocket, "DEFAULT_GATEWAY"):
    import yarl

    lib.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(ws_url)

PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d49484452")
complaints: list[str] = []
seen: set[str] = set()


class Complaints(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if "voice will NOT be supported" not in record.getMessage():
            complaints.append(self.format(record))


logging.getLogger().addHandler(Complaints(logging.WARNING))

client = lib.Client(intents=lib.Intents.all(), guild_ready_timeout=0.2)
EVENTS = (
    "raw_message_edit", "raw_message_delete", "raw_bulk_message_delete", "raw_reaction_add",
    "raw_reaction_remove", "raw_reaction_clear", "guild_channel_create", "guild_channel_update",
    "guild_channel_delete", "guild_channel_pins_update", "guild_role_create", "guild_role_update",
    "guild_role_delete", "guild_emojis_update", "guild_update", "thread_create", "thread_update",
    "thread_delete", "webhooks_update", "invite_create", "invite_delete", "member_update",
    "member_ban", "member_unban",
)  # fmt: skip


def listen(name: str) -> None:
    async def on_event(*_: Any) -> None:
        seen.add(name)

    on_event.__name__ = f"on_{name}"
    client.event(on_event)


for name in EVENTS:
    listen(name)


async def listed(found: Any) -> list[Any]:
    """Return a list of what one version gives as a coroutine and another as an iterator."""
    return [item async for item in found] if hasattr(found, "__aiter__") else list(await found)


async def messages(channel: Any) -> None:
    view = lib.ui.View()
    view.add_item(lib.ui.Button(label="Vote", custom_id="vote"))
    view.add_item(lib.ui.Select(custom_id="s", options=[lib.SelectOption(label="Red")]))
    embed = lib.Embed(title="Ada", description="x").add_field(name="a", value="b")
    sent = await channel.send("look", embed=embed, view=view)
    read = await channel.fetch_message(sent.id)
    assert (read.embeds[0].fields[0].value, len(read.components)) == ("b", 2)
    await sent.edit(content=None, view=None)
    read = await channel.fetch_message(sent.id)
    assert (read.content, read.components) == ("", [])
    others = [await channel.send(str(number)) for number in range(4)]
    found = [m.content async for m in channel.history(before=others[2], limit=2)]
    assert found == ["1", "0"], found
    answer = await others[0].reply("yes")
    assert answer.reference.message_id == others[0].id
    async with channel.typing():
        pass
    await channel.delete_messages(others[1:3])
    await others[3].delete()


async def only_buttons(channel: Any) -> None:
    view = lib.ui.View()
    view.add_item(lib.ui.Button(label="Vote", custom_id="vote"))
    assert (await channel.send(view=view)).components


async def files(channel: Any) -> None:
    sent = await channel.send(file=lib.File(io.BytesIO(b"hello"), "hello.txt"))
    assert await sent.attachments[0].read() == b"hello"


async def reactions(channel: Any) -> None:
    sent = await channel.send("look")
    await sent.add_reaction("👍")
    read = await channel.fetch_message(sent.id)
    assert (read.reactions[0].count, read.reactions[0].me) == (1, True)
    assert [user.id for user in await listed(read.reactions[0].users())] == [client.user.id]
    await sent.remove_reaction("👍", client.user)
    await sent.add_reaction("🎉")
    await sent.clear_reactions()


async def pins(channel: Any) -> None:
    sent = await channel.send("pinned")
    await sent.pin()
    assert len(await listed(channel.pins())) == 1
    await sent.unpin()


async def polls(channel: Any) -> None:
    if not hasattr(lib, "Poll"):
        return
    if lib.__name__ == "disnake":
        poll = lib.Poll("Well?", answers=["yes", "no"])
    else:
        hour = datetime.timedelta(hours=1) if lib.__title__ == "discord" else 1
        poll = lib.Poll("Well?", duration=hour)
        poll.add_answer(text="yes")
        poll.add_answer(text="no")
    sent = await channel.send(poll=poll)
    assert len((await channel.fetch_message(sent.id)).poll.answers) == 2


async def threads(channel: Any) -> None:
    sent = await channel.send("help")
    thread = await sent.create_thread(name="help", auto_archive_duration=60)
    await thread.send("answer")
    assert len(await thread.fetch_members()) == 1
    await thread.edit(archived=True)
    assert [item.id for item in await listed(channel.archived_threads())] == [thread.id]
    await thread.edit(archived=False)  # or discord.py has forgotten it when it is deleted
    await thread.delete()


async def webhooks(channel: Any) -> None:
    hook = await channel.create_webhook(name="News")
    assert [item.id for item in await channel.webhooks()] == [hook.id]
    sent = await hook.send("storm", username="Cloud", wait=True)
    assert sent.author.name == "Cloud"
    await hook.edit_message(sent.id, content="calm")
    assert (await hook.fetch_message(sent.id)).content == "calm"
    await hook.delete_message(sent.id)
    await hook.delete()


async def roles_and_members(channel: Any) -> None:
    guild = channel.guild
    role = await guild.create_role(name="mods", permissions=lib.Permissions(8))
    await role.edit(name="moderators", hoist=True)
    assert "moderators" in [item.name for item in await guild.fetch_roles()]
    ada = next(item for item in guild.members if item.name == "ada")
    await ada.add_roles(role)
    assert role.id in [item.id for item in (await guild.fetch_member(ada.id)).roles]
    await ada.remove_roles(role)
    await ada.edit(nick="Countess")
    minute = datetime.timedelta(minutes=1)
    if lib.__name__ == "nextcord":
        await ada.edit(timeout=minute)
    elif hasattr(ada, "timeout_for"):
        await ada.timeout_for(minute)
    elif lib.__name__ == "disnake":
        await ada.timeout(duration=minute)
    else:
        await ada.timeout(minute)
    assert (await guild.fetch_member(ada.id)).nick == "Countess"
    assert len(await listed(guild.fetch_members(limit=10))) == 4
    await role.delete()


async def bans(channel: Any) -> None:
    guild = channel.guild
    cy = next(item for item in guild.members if item.name == "cy")
    await guild.ban(cy, reason="spam")
    assert (await guild.fetch_ban(cy)).reason == "spam"
    assert len(await listed(guild.bans())) == 1
    await guild.unban(cy)


async def channels(channel: Any) -> None:
    guild = channel.guild
    made = await guild.create_text_channel("workshop", topic="wood")
    await made.edit(topic="steel")
    await made.set_permissions(guild.default_role, send_messages=False)
    voice = await guild.create_voice_channel("talk")
    assert {made.id, voice.id} < {item.id for item in await guild.fetch_channels()}
    invite = await made.create_invite(max_age=60)
    assert [item.code for item in await guild.invites()] == [invite.code]
    assert (await client.fetch_invite(invite.code)).code == invite.code
    await invite.delete()
    await made.delete()


async def the_guild(channel: Any) -> None:
    guild = channel.guild
    emoji = await guild.create_custom_emoji(name="saw", image=PIXEL)
    assert [item.name for item in await guild.fetch_emojis()] == ["saw"]
    await emoji.delete()
    await guild.edit(name="Workshop")
    assert (await client.fetch_guild(guild.id)).name == "Workshop"
    entries = await listed(guild.audit_logs(limit=100))
    assert len(entries) > 20
    assert (await client.application_info()).id == client.user.id
    await client.user.edit(username="parrot")
    assert (await client.fetch_user(client.user.id)).name == "parrot"


FAMILIES = (
    messages, only_buttons, files, reactions, pins, polls, threads, webhooks, roles_and_members,
    bans, channels, the_guild,
)  # fmt: skip


@client.event
async def on_ready() -> None:
    failed = {}
    # Where this process gets no CPU for 0.2 s, the library is ready before the guild has come.
    while not (client.guilds and client.guilds[0].text_channels):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    channel = next(item for item in client.guilds[0].text_channels if item.name == "general")
    for family in FAMILIES:
        try:
            await family(channel)
        except Exception:
            failed[family.__name__] = traceback.format_exc()
    # The events of a guild are sent in order: what came before this message has been seen. It is
    # waited for beforehand, because its event may be read before the answer to the call.
    done = asyncio.ensure_future(
        client.wait_for("message", check=lambda m: m.content == "done", timeout=30)
    )
    await asyncio.sleep(0)
    await channel.send("done")
    await done
    missed = sorted(set(EVENTS) - seen)
    print(json.dumps({"failed": failed, "complaints": complaints, "missed": missed}), flush=True)
    os._exit(0)


client.run(token)
