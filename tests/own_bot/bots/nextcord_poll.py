"""The poll of `discord_poll.py`, for nextcord."""

import os
import time

import nextcord
from nextcord import ui
from nextcord.ext import commands

bot = commands.Bot(intents=nextcord.Intents.default())


def tally(votes):
    time.sleep(float(os.environ.get("TALLY", "0")))
    return f"{votes} votes in all"


class Reason(ui.Modal):
    def __init__(self):
        super().__init__("Why?")
        self.name = ui.TextInput("Your name")
        self.reason = ui.TextInput(
            "Reason", style=nextcord.TextInputStyle.paragraph, required=False
        )
        self.add_item(self.name)
        self.add_item(self.reason)

    async def callback(self, interaction):
        await interaction.send(f"{self.name.value} says: {self.reason.value or 'nothing'}")


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
        await interaction.edit_original_message(content="closed", view=self)
        await interaction.followup.send(tally(self.votes), ephemeral=True)

    @ui.string_select(
        placeholder="Colours",
        max_values=2,
        options=[nextcord.SelectOption(label=name, value=name[0]) for name in ("Red", "Blue")],
    )
    async def colours(self, menu, interaction):
        chosen = "".join(sorted(menu.values))
        await interaction.send(f"{interaction.user.name}: {chosen}")

    @ui.user_select(placeholder="Who")
    async def who(self, menu, interaction):
        await interaction.send(f"hello {menu.values[0].name}")


@bot.slash_command(description="Polls")
async def poll(interaction):
    """Never called: it has subcommands."""


@poll.subcommand(description="Begin one")
async def begin(interaction: nextcord.Interaction, topic: str, by: nextcord.Member):
    await interaction.send(f"{topic}, asks {by.name}", view=Poll())


bot.run(os.environ["DISCORD_TOKEN"])
