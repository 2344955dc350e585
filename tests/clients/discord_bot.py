"""discord.py: two undocumented class attributes hold the addresses."""

from __future__ import annotations

import asyncio

import discord
import discord.gateway
import discord.http
import yarl
from obeying import arguments, obey

rest_url, ws_url, token = arguments()
discord.http.Route.BASE = rest_url
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(ws_url)

intents = discord.Intents.default()
intents.message_content = True


class Bot(discord.Client):
    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Do without the 5 s that discord.py waits before it identifies anew."""


# heartbeat_timeout: how long it bears with a silent server, 60 s by default. A busy machine may
# keep the gateway silent for a second.
bot = Bot(intents=intents, guild_ready_timeout=0.0, heartbeat_timeout=2.5)
commands = discord.app_commands.CommandTree(bot)


@commands.command(name="report", description="Work for a while, then answer")
async def report(interaction: discord.Interaction, seconds: float) -> None:
    await interaction.response.defer()
    await asyncio.sleep(seconds)
    await interaction.followup.send(f"report for {interaction.user.name}")


@bot.event
async def on_message(message: discord.Message) -> None:
    if message.author == bot.user:
        return
    reply = await obey(message.content)
    if reply is not None:
        await message.channel.send(reply)


bot.run(token, log_handler=None)
