"""The poll of `discord_poll.py`, for disnake."""

import os
import time

import disnake
from disnake import ui
from disnake.ext import commands

bot = commands.InteractionBot(intents=disnake.Intents.default())


def tally(votes):
    time.sleep(float(os.environ.get("TALLY", "0")))
    return f"{votes} votes in all"


class Reason(ui.Modal):
    def __init__(self):
        fields = [
            ui.TextInput(label="Your name", custom_id="name"),
            ui.TextInput(
                label="Reason",
                custom_id="reason",
                style=disnake.TextInputStyle.paragraph,
                required=False,
            ),
        ]
        super().__init__(title="Why?", components=fields)

    async def callback(self, interaction):
        given = interaction.text_values
        await interaction.send(f"{given['name']} says: {given['reason'] or 'nothing'}")


class Poll(ui.View):
    def __init__(self):
        super().__init__(timeout=None)
        self.votes = 0

    @ui.button(label="Vote", emoji="👍")
    async def vote(self, button, interaction):
        self.votes += 1
        await interaction.response.edit_message(content=f"{self.votes} voted")

    @ui.button(label="Why")
    async def why(self, button, interaction):
        await interaction.response.send_modal(Reason())

    @ui.button(label="Close")
    async def close(self, button, interaction):
        await interaction.response.defer()
        button.disabled = True
        await interaction.edit_original_response(content="closed", view=self)
        await interaction.followup.send(tally(self.votes), ephemeral=True)

    @ui.string_select(
        placeholder="Colours",
        max_values=2,
        options=[disnake.SelectOption(label=name, value=name[0]) for name in ("Red", "Blue")],
    )
    async def colours(self, menu, interaction):
        chosen = "".join(sorted(menu.values))
        await interaction.send(f"{interaction.user.name}: {chosen}")

    @ui.user_select(placeholder="Who")
    async def who(self, menu, interaction):
        await interaction.send(f"hello {menu.values[0].name}")


@bot.slash_command(description="Polls")
async def poll(interaction):
    """The command that has the subcommand."""


@poll.sub_command(description="Begin one")
async def begin(interaction, topic: str, by: disnake.Member):
    await interaction.send(f"{topic}, asks {by.name}", view=Poll())


bot.run(os.environ["DISCORD_TOKEN"])
