"""Says what it sees of messages, files and reactions, as bots that keep a log do."""

import os

import discord
from discord import app_commands

intents = discord.Intents.default()
intents.message_content = True
client = discord.Client(intents=intents, guild_ready_timeout=0.0)
tree = app_commands.CommandTree(client)


@tree.command(description="Measure a file")
async def scan(interaction, file: discord.Attachment):
    data = await file.read()
    await interaction.response.send_message(f"{file.filename} has {len(data)} bytes")


@tree.command(description="Look for something")
@app_commands.rename(wanted="for")
async def look(interaction, wanted: str):
    await interaction.response.send_message(f"looks for {wanted}")


@look.autocomplete("wanted")
async def wanted(interaction, current):
    names = [name for name in ("cats", "cars", "dogs") if name.startswith(current)]
    return [app_commands.Choice(name=name, value=name) for name in names]


@client.event
async def on_ready():
    await tree.sync()


@client.event
async def on_message(message):
    if message.author == client.user:
        return
    text = message.content
    if message.reference:
        text = f"{text} (to {message.reference.resolved.content})"
    for file in message.attachments:
        text += f" {file.filename}, {len(await file.read())} bytes, {file.content_type}"
    await message.channel.send(f"heard {text}")


@client.event
async def on_message_edit(before, after):
    await after.channel.send(f"{before.content} became {after.content}")


@client.event
async def on_message_delete(message):
    await message.channel.send(f"{message.content} is gone")


@client.event
async def on_reaction_add(reaction, user):
    await reaction.message.channel.send(f"{user.name} adds {reaction.emoji}")


client.run(os.environ["DISCORD_TOKEN"], log_handler=None)
