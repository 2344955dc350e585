"""py-cord: the REST address is an undocumented class attribute, the gateway's comes from REST."""

from __future__ import annotations

import discord
import discord.http
from obeying import arguments, obey

rest_url, _, token = arguments()
discord.http.Route.API_BASE_URL = rest_url

intents = discord.Intents.default()
intents.message_content = True


class Bot(discord.Client):
    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Do without the 5 s that the library waits before it identifies anew."""


bot = Bot(intents=intents, heartbeat_timeout=2.5)


@bot.event
async def on_message(message: discord.Message) -> None:
    if message.author == bot.user:
        return
    reply = await obey(message.content)
    if reply is not None:
        await message.channel.send(reply)


bot.run(token)
