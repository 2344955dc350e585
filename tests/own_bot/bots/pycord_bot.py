"""A bot of py-cord that blocks in a helper; its token is in its code, as beginners write it."""

import time

import discord
from discord.ext import commands

intents = discord.Intents.default()
intents.message_content = True
bot = commands.Bot("!", intents=intents)


def get_weather(city):
    time.sleep(1.5)
    return f"rain in {city}"


@bot.command()
async def weather(ctx, city="Oslo"):
    await ctx.send(get_weather(city))


bot.run("MTE0OTk5OTk5OTk5OTk5OTk5OQ.GabcdE.literal_in_the_code_of_it0")
