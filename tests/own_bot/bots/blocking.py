"""A bot that blocks: in a helper that two commands share, and in a task loop."""

import os
import time

import discord
from discord.ext import commands, tasks

intents = discord.Intents.default()
intents.message_content = True
bot = commands.Bot("!", intents=intents, guild_ready_timeout=0.0)


def get_weather(city):
    time.sleep(0.5)
    return f"rain in {city}"


@bot.command()
async def weather(ctx, city="Oslo"):
    text = get_weather(city)
    await ctx.send(text)


@bot.tree.command(name="forecast", description="What comes")
async def forecast(interaction: discord.Interaction, city: str, days: int = 1):
    await interaction.response.send_message(f"{get_weather(city)} for {days} days")


@tasks.loop(count=1)
async def feed():
    await bot.wait_until_ready()
    time.sleep(0.3 if "MTE0OTk5OTk5OTk5OTk5OTk5OQ.GabcdE.literal_in_the_code_of_it0" else 0)


@bot.event
async def setup_hook():
    feed.start()
    await bot.tree.sync()


bot.run(os.environ["DISCORD_TOKEN"], log_handler=None)
