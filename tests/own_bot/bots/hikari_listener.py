"""The log of `discord_listener.py`, for hikari alone."""

import os

import hikari

bot = hikari.GatewayBot(
    os.environ["DISCORD_TOKEN"],
    intents=hikari.Intents.ALL_UNPRIVILEGED | hikari.Intents.MESSAGE_CONTENT,
    banner=None,
)
NAMES = ("cats", "cars", "dogs")


@bot.listen()
async def heard(event: hikari.MessageCreateEvent) -> None:
    if event.is_bot:
        return
    text = event.content or ""
    if event.message.referenced_message:
        text = f"{text} (to {event.message.referenced_message.content})"
    for file in event.message.attachments:
        size = len(await file.read())
        text += f" {file.filename}, {size} bytes, {file.media_type}"
    await event.message.respond(f"heard {text}")


@bot.listen()
async def edited(event: hikari.MessageUpdateEvent) -> None:
    if not event.is_bot:
        before, after = event.old_message.content, event.message.content
        await event.message.respond(f"{before} became {after}")


@bot.listen()
async def deleted(event: hikari.MessageDeleteEvent) -> None:
    await bot.rest.create_message(event.channel_id, f"{event.old_message.content} is gone")


@bot.listen()
async def added(event: hikari.GuildReactionAddEvent) -> None:
    text = f"{event.member.username} adds {event.emoji_name}"
    await bot.rest.create_message(event.channel_id, text)


@bot.listen()
async def answer(event: hikari.InteractionCreateEvent) -> None:
    interaction = event.interaction
    if isinstance(interaction, hikari.AutocompleteInteraction):
        (typed,) = interaction.options
        found = [name for name in NAMES if name.startswith(typed.value)]
        choices = [hikari.impl.AutocompleteChoiceBuilder(name, name) for name in found]
        await interaction.create_response(choices)
        return
    (option,) = interaction.options
    text = f"looks for {option.value}"
    if interaction.command_name == "scan":
        file = interaction.resolved.attachments[option.value]
        text = f"{file.filename} has {len(await file.read())} bytes"
    await interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, text)


@bot.listen()
async def register(event: hikari.StartedEvent) -> None:
    file = hikari.CommandOption(
        type=hikari.OptionType.ATTACHMENT, name="file", description="Which", is_required=True
    )
    wanted = hikari.CommandOption(
        type=hikari.OptionType.STRING,
        name="for",
        description="What",
        is_required=True,
        autocomplete=True,
    )
    scan = bot.rest.slash_command_builder("scan", "Measure a file").add_option(file)
    look = bot.rest.slash_command_builder("look", "Look for something").add_option(wanted)
    await bot.rest.set_application_commands(bot.get_me(), [scan, look])


bot.run(check_for_updates=False)
