"""The poll of `discord_poll.py`, for hikari alone: each interaction is answered by hand."""

import os
import time

import hikari

bot = hikari.GatewayBot(os.environ["DISCORD_TOKEN"], banner=None)
votes = 0


def tally():
    time.sleep(float(os.environ.get("TALLY", "0")))
    return f"{votes} votes in all"


def rows(closed=False):
    """Return the rows of the poll's message."""
    buttons = bot.rest.build_message_action_row()
    grey = hikari.ButtonStyle.SECONDARY
    buttons.add_interactive_button(grey, "vote", label="Vote", emoji="👍")
    buttons.add_interactive_button(grey, "why", label="Why")
    buttons.add_interactive_button(grey, "close", label="Close", is_disabled=closed)
    colours = bot.rest.build_message_action_row()
    menu = colours.add_text_menu("colours", placeholder="Colours", max_values=2)
    menu.add_option("Red", "R").add_option("Blue", "B")
    who = bot.rest.build_message_action_row()
    who.add_select_menu(hikari.ComponentType.USER_SELECT_MENU, "who", placeholder="Who")
    return [buttons, colours, who]


def fields():
    """Return the rows of the modal."""
    name = bot.rest.build_modal_action_row()
    name.add_text_input("name", "Your name")
    reason = bot.rest.build_modal_action_row()
    reason.add_text_input("reason", "Reason", required=False)
    return [name, reason]


CREATE = hikari.ResponseType.MESSAGE_CREATE


async def clicked(interaction):
    global votes
    match interaction.custom_id:
        case "vote":
            votes += 1
            changed = hikari.ResponseType.MESSAGE_UPDATE
            await interaction.create_initial_response(changed, f"{votes} voted")
        case "why":
            await interaction.create_modal_response("Why?", "reason", components=fields())
        case "close":
            later = hikari.ResponseType.DEFERRED_MESSAGE_UPDATE
            await interaction.create_initial_response(later)
            await interaction.edit_initial_response("closed", components=rows(closed=True))
            hidden = hikari.MessageFlag.EPHEMERAL
            await interaction.execute(tally(), flags=hidden)
        case "colours":
            chosen = "".join(sorted(interaction.values))
            text = f"{interaction.user.username}: {chosen}"
            await interaction.create_initial_response(CREATE, text)
        case "who":
            (user,) = interaction.resolved.users.values()
            await interaction.create_initial_response(CREATE, f"hello {user.username}")


@bot.listen()
async def answer(event: hikari.InteractionCreateEvent) -> None:
    interaction = event.interaction
    match interaction:
        case hikari.CommandInteraction():
            topic, by = interaction.options[0].options
            asks = interaction.resolved.users[by.value].username
            text = f"{topic.value}, asks {asks}"
            await interaction.create_initial_response(CREATE, text, components=rows())
        case hikari.ComponentInteraction():
            await clicked(interaction)
        case hikari.ModalInteraction():
            name, reason = (row[0].value for row in interaction.components)
            text = f"{name} says: {reason or 'nothing'}"
            await interaction.create_initial_response(CREATE, text)


@bot.listen()
async def register(event: hikari.StartedEvent) -> None:
    option, kinds = hikari.CommandOption, hikari.OptionType
    begin = option(
        type=kinds.SUB_COMMAND,
        name="begin",
        description="Begin one",
        options=[
            option(type=kinds.STRING, name="topic", description="What", is_required=True),
            option(type=kinds.USER, name="by", description="Who", is_required=True),
        ],
    )
    poll = bot.rest.slash_command_builder("poll", "Polls").add_option(begin)
    await bot.rest.set_application_commands(bot.get_me(), [poll])


bot.run(check_for_updates=False)
