"""disnake: the REST address is an undocumented class attribute, the gateway's comes from REST."""

from __future__ import annotations

import disnake
import disnake.http
from obeying import arguments, obey

rest_url, _, token = arguments()
disnake.http.Route.BASE = rest_url

intents = disnake.Intents.default()
intents.message_content = True


class Bot(disnake.Client):
    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Do without the 5 s that the library waits before it identifies anew."""


bot = Bot(intents=intents, heartbeat_timeout=2.5)


@bot.event
async def on_message(message: disnake.Message) -> None:
    if message.author == bot.user:
        return
    reply = await obey(message.content)
    if reply is not None:
        await message.channel.send(reply)


bot.run(token)
