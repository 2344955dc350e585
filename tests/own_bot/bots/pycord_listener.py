"""The log of `discord_listener.py`, for py-cord."""

import os

import discord

intents = discord.Intents.default()
intents.message_content = True
bot = discord.Bot(intents=intents)


def wanted(context):
    return [name for name in ("cats", "cars", "dogs") if name.startswith(context.value)]


@bot.slash_command(description="Measure a file")
async def scan(ctx, file: discord.Option(discord.Attachment)):
    data = await file.read()
    await ctx.respond(f"{file.filename} has {len(data)} bytes")


@bot.slash_command(description="Look for something")
async def look(ctx, what: discord.Option(str, name="for", autocomplete=wanted)):
    await ctx.respond(f"looks for {what}")


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
