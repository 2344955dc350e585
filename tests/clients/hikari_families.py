"""hikari calls its own methods for each family of the API, and reports as families.py does."""

from __future__ import annotations

import datetime
import json
import logging
import os
import sys
import traceback

import hikari

rest_url, _, token = sys.argv[1:4]
PIXEL = hikari.Bytes(bytes.fromhex("89504e470d0a1a0a0000000d49484452"), "x.png")
GUILD = 100000000000000000
CHANNEL = 200000000000000000
ADA, CY = 300000000000000000, 300000000000000002
complaints: list[str] = []
seen: set[str] = set()


class Complaints(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        complaints.append(self.format(record))


bot = hikari.GatewayBot(
    token, rest_url=rest_url, banner=None, logs=None, intents=hikari.Intents.ALL
)
logging.getLogger().addHandler(Complaints(logging.WARNING))
rest = bot.rest
EVENTS = (
    hikari.GuildMessageUpdateEvent, hikari.GuildMessageDeleteEvent, hikari.GuildReactionAddEvent,
    hikari.GuildReactionDeleteEvent, hikari.GuildReactionDeleteAllEvent, hikari.RoleCreateEvent,
    hikari.RoleUpdateEvent, hikari.RoleDeleteEvent, hikari.GuildChannelCreateEvent,
    hikari.GuildChannelUpdateEvent, hikari.GuildChannelDeleteEvent, hikari.GuildPinsUpdateEvent,
    hikari.GuildThreadCreateEvent, hikari.GuildThreadUpdateEvent, hikari.GuildThreadDeleteEvent,
    hikari.MemberUpdateEvent, hikari.MemberDeleteEvent, hikari.BanCreateEvent,
    hikari.BanDeleteEvent, hikari.EmojisUpdateEvent, hikari.InviteCreateEvent,
    hikari.InviteDeleteEvent, hikari.WebhookUpdateEvent, hikari.GuildUpdateEvent,
    hikari.AuditLogEntryCreateEvent,
)  # fmt: skip


async def messages() -> None:
    row = rest.build_message_action_row()
    row.add_interactive_button(hikari.ButtonStyle.PRIMARY, "vote", label="Vote")
    embed = hikari.Embed(title="Ada").add_field("a", "b")
    sent = await rest.create_message(CHANNEL, "look", embed=embed, component=row)
    read = await rest.fetch_message(CHANNEL, sent.id)
    assert (read.embeds[0].fields[0].value, len(read.components)) == ("b", 1)
    await rest.edit_message(CHANNEL, sent.id, None, components=[])
    others = [await rest.create_message(CHANNEL, str(number)) for number in range(4)]
    found = await rest.fetch_messages(CHANNEL, before=others[2].id).limit(2)
    assert [item.content for item in found] == ["1", "0"]
    answer = await rest.create_message(CHANNEL, "yes", reply=others[0])
    assert answer.message_reference is not None
    assert answer.message_reference.id == others[0].id
    await rest.trigger_typing(CHANNEL)
    await rest.delete_messages(CHANNEL, others[1:3])
    await rest.delete_message(CHANNEL, others[3])
    sent = await rest.create_message(CHANNEL, attachment=hikari.Bytes(b"hello", "hello.txt"))
    assert await sent.attachments[0].read() == b"hello"


async def marks() -> None:
    sent = await rest.create_message(CHANNEL, "look")
    await rest.add_reaction(CHANNEL, sent, "👍")
    assert (await rest.fetch_message(CHANNEL, sent)).reactions[0].count == 1
    assert len(await rest.fetch_reactions_for_emoji(CHANNEL, sent, "👍")) == 1
    await rest.delete_my_reaction(CHANNEL, sent, "👍")
    await rest.add_reaction(CHANNEL, sent, "🎉")
    await rest.delete_all_reactions(CHANNEL, sent)
    await rest.pin_message(CHANNEL, sent)
    assert len(await rest.fetch_pins(CHANNEL)) == 1
    await rest.unpin_message(CHANNEL, sent)


async def threads() -> None:
    sent = await rest.create_message(CHANNEL, "help")
    thread = await rest.create_message_thread(CHANNEL, sent, "help")
    await rest.create_message(thread, "answer")
    await rest.add_thread_member(thread, ADA)
    assert len(await rest.fetch_thread_members(thread)) == 2
    assert len(await rest.fetch_active_threads(GUILD)) == 1
    await rest.edit_channel(thread, archived=True)
    assert len(await rest.fetch_public_archived_threads(CHANNEL)) == 1
    await rest.delete_channel(thread)


async def webhooks() -> None:
    hook = await rest.create_webhook(CHANNEL, "News")
    assert hook.token is not None
    assert len(await rest.fetch_channel_webhooks(CHANNEL)) == 1
    sent = await rest.execute_webhook(hook, hook.token, "storm", username="Cloud")
    assert sent.author.username == "Cloud"
    await rest.edit_webhook_message(hook, hook.token, sent, "calm")
    assert (await rest.fetch_webhook_message(hook, hook.token, sent)).content == "calm"
    await rest.delete_webhook(hook)


async def roles_and_members() -> None:
    role = await rest.create_role(GUILD, name="mods", permissions=hikari.Permissions.ADMINISTRATOR)
    await rest.edit_role(GUILD, role, name="moderators", hoist=True)
    assert len(await rest.fetch_roles(GUILD)) == 2
    await rest.add_role_to_member(GUILD, ADA, role)
    assert role.id in (await rest.fetch_member(GUILD, ADA)).role_ids
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=1)
    await rest.edit_member(GUILD, ADA, nickname="Countess", communication_disabled_until=later)
    assert [item.nickname for item in await rest.search_members(GUILD, "count")] == ["Countess"]
    assert len(await rest.fetch_members(GUILD)) == 4
    await rest.delete_role(GUILD, role)
    await rest.edit_my_member(GUILD, nickname="Polly")
    await rest.ban_user(GUILD, CY, reason="spam")
    assert (await rest.fetch_ban(GUILD, CY)).reason == "spam"
    assert len(await rest.fetch_bans(GUILD)) == 1
    await rest.unban_user(GUILD, CY)


async def channels() -> None:
    made = await rest.create_guild_text_channel(GUILD, "workshop", topic="wood")
    await rest.edit_channel(made, topic="steel")
    await rest.create_guild_voice_channel(GUILD, "talk")
    await rest.create_guild_forum_channel(GUILD, "forum")
    assert len(await rest.fetch_guild_channels(GUILD)) == 6
    await rest.edit_permission_overwrite(
        made, GUILD, target_type=hikari.PermissionOverwriteType.ROLE, deny=2048
    )
    invite = await rest.create_invite(made, max_age=60)
    assert len(await rest.fetch_guild_invites(GUILD)) == 1
    assert (await rest.fetch_invite(invite.code)).code == invite.code
    await rest.delete_invite(invite)
    await rest.delete_channel(made)


async def the_guild() -> None:
    emoji = await rest.create_emoji(GUILD, "saw", PIXEL)
    assert len(await rest.fetch_guild_emojis(GUILD)) == 1
    await rest.delete_emoji(GUILD, emoji)
    await rest.edit_guild(GUILD, name="Workshop")
    assert (await rest.fetch_guild(GUILD)).name == "Workshop"
    assert await rest.fetch_audit_log(GUILD)
    application = await rest.fetch_application()
    await rest.create_slash_command(application, "weather", "how it is")
    assert len(await rest.fetch_application_commands(application)) == 1
    assert await rest.fetch_entitlements(application) == []
    await rest.edit_my_user(username="parrot")
    assert (await rest.fetch_my_user()).username == "parrot"
    assert len(await rest.fetch_my_guilds()) == 1
    assert (await rest.create_dm_channel(ADA)).recipient.username == "ada"


FAMILIES = (messages, marks, threads, webhooks, roles_and_members, channels, the_guild)


async def see(event: hikari.Event) -> None:
    seen.add(type(event).__name__)


for event_type in EVENTS:
    bot.event_manager.subscribe(event_type, see)


@bot.listen()
async def on_started(_: hikari.StartedEvent) -> None:
    failed = {}
    for family in FAMILIES:
        try:
            await family()
        except Exception:
            failed[family.__name__] = traceback.format_exc()
    with bot.stream(hikari.GuildMessageCreateEvent, timeout=30) as stream:
        await rest.create_message(CHANNEL, "done")
        async for event in stream:
            if event.content == "done":
                break
    missed = sorted({kind.__name__ for kind in EVENTS} - seen)
    print(json.dumps({"failed": failed, "complaints": complaints, "missed": missed}), flush=True)
    os._exit(0)


bot.run(check_for_updates=False)
