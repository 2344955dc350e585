"""hikari: the REST address is a documented argument, the gateway's comes from REST."""

from __future__ import annotations

import hikari
from obeying import arguments, obey

rest_url, _, token = arguments()
intents = hikari.Intents.ALL_UNPRIVILEGED | hikari.Intents.MESSAGE_CONTENT
bot = hikari.GatewayBot(token, rest_url=rest_url, banner=None, logs=None, intents=intents)


@bot.listen()
async def on_message(event: hikari.MessageCreateEvent) -> None:
    if event.is_bot or event.content is None:
        return
    reply = await obey(event.content)
    if reply is not None:
        await event.message.respond(reply)


bot.run(check_for_updates=False)  # the check would ask PyPI
