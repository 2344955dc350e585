"""A bot of hikari that blocks in a helper; its token is in its code, as beginners write it."""

import time

import hikari

bot = hikari.GatewayBot(
    "MTE0OTk5OTk5OTk5OTk5OTk5OQ.GabcdE.literal_in_the_code_of_it0",
    intents=hikari.Intents.ALL_UNPRIVILEGED | hikari.Intents.MESSAGE_CONTENT,
    banner=None,
)


def get_weather(city):
    time.sleep(1.5)
    return f"rain in {city}"


@bot.listen()
async def weather(event: hikari.MessageCreateEvent) -> None:
    if not event.is_bot and event.content:
        await event.message.respond(get_weather(event.content.removeprefix("!weather ")))


bot.run(check_for_updates=False)
