"""A poll with buttons, a menu and a modal, as discord.py's documentation teaches them."""

import os
import time

import discord
from discord import app_commands

client = discord.Client(intents=discord.Intents.default(), guild_ready_timeout=0.0)
tree = app_commands.CommandTree(client)


def tally(votes):
    time.sleep(float(os.environ.get("TALLY", "0")))
    return f"{votes} votes in all"


class Reason(discord.ui.Modal, title="Why?"):
    name = discord.ui.TextInput(label="Your name")
    reason = discord.ui.TextInput(label="Reason", style=discord.TextStyle.paragraph, required=False)

    async def on_submit(self, interaction):
        text = f"{self.name.value} says: {self.reason.value or 'nothing'}"
        await interaction.response.send_message(text)


class Poll(discord.ui.View):
    def __init__(self):
        super().__init__(timeout=None)
        self.votes = 0

    @discord.ui.button(label="Vote", emoji="👍")
    async def vote(self, interaction, button):
        self.votes += 1
        await interaction.response.edit_message(content=f"{self.votes} voted")

    @discord.ui.button(label="Why")
    async def why(self, interaction, button):
        await interaction.response.send_modal(Reason())

    @discord.ui.button(label="Close")
    async def close(self, interaction, button):
        await interaction.response.defer()
        button.disabled = True
        await interaction.edit_original_response(content="closed", view=self)
        await interaction.followup.send(tally(self.votes), ephemeral=True)

    @discord.ui.select(
        placeholder="Colours",
        max_values=2,
        options=[discord.SelectOption(label=name, value=name[0]) for name in ("Red", "Blue")],
    )
    async def colours(self, interaction, menu):
        await interaction.response.send_message(
            f"{interaction.user.name}: {''.join(sorted(menu.values))}"
        )

    @discord.ui.select(cls=discord.ui.UserSelect, placeholder="Who")
    async def who(self, interaction, menu):
        await interaction.response.send_message(f"hello {menu.values[0].name}")


group = app_commands.Group(name="poll", description="Polls")


@group.command(description="Begin one")
@app_commands.describe(topic="What it is about")
async def begin(interaction, topic: str, by: discord.Member, role: discord.Role | None = None):
    await interaction.response.send_message(f"{topic}, asks {by.name} ({role})", view=Poll())


@client.event
async def on_ready():
    tree.add_command(group)
    await tree.sync()


client.run(os.environ["DISCORD_TOKEN"], log_handler=None)
