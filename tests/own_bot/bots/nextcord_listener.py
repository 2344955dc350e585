"""The log of `discord_listener.py`, for nextcord."""

import os

import nextcord
from nextcord.ext import commands

intents = nextcord.Intents.default()
intents.message_content = True
bot = commands.Bot("!", intents=intents)


@bot.slash_command(description="Measure a file")
async def scan(interaction, file: nextcord.Attachment):
    data = await file.read()
    await interaction.send(f"{file.filename} has {len(data)} bytes")


@bot.slash_command(description="Look for something")
async def look(interaction, wanted: str = nextcord.SlashOption(name="for")):
    await interaction.send(f"looks for {wanted}")


@look.on_autocomplete("wanted")
async def suggest(interaction, wanted: str):
    names = [name for name in ("cats", "cars", "dogs") if name.startswith(wanted)]
    await interaction.response.send_autocomplete(names)


@bot.event
async def on_message(message):
    if message.author == bot.user:
        return
    text = message.content
    if message.reference:
        text = f"{text} (to {message.reference.resolved.content})"
    for file in message.attachments:
        text += f" {file.filename}, {len(await file.read())} bytes, {file.content_type}"
    await message.channel.send(f"heard {text}")


@bot.event
async def on_message_edit(before, after):
    await after.channel.send(f"{before.content} became {after.content}")


@bot.event
async def on_message_delete(message):
    await message.channel.send(f"{message.content} is gone")


@bot.event
async def on_reaction_add(reaction, user):
    await reaction.message.channel.send(f"{user.name} adds {reaction.emoji}")


bot.run(os.environ["DISCORD_TOKEN"])
