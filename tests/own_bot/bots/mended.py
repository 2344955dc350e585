"""The blocking bot, mended: what it waits for is awaited."""

import asyncio
import os

import discord
from discord.ext import commands

intents = discord.Intents.default()
intents.message_content = True
bot = commands.Bot("!", intents=intents, guild_ready_timeout=0.0)


async def get_weather(city):
    await asyncio.sleep(0.5)
    return f"rain in {city}"


@bot.command()
async def weather(ctx, city="Oslo"):
    text = await get_weather(city)
    await ctx.send(text)


@bot.event
async def on_ready():
    card = discord.Embed(title="Welcome", description="rain or shine")
    home = await bot.fetch_channel(int(os.environ["HOME_CHANNEL"]))  # its cache may be empty still
    await home.send(embed=card)


async def main():
    async with bot:
        await bot.start(os.environ["DISCORD_TOKEN"])


asyncio.run(main())
