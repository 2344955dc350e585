"""The poll of `discord_poll.py`, for py-cord."""

import os
import time

import discord

bot = discord.Bot(intents=discord.Intents.default())


def tally(votes):
    time.sleep(float(os.environ.get("TALLY", "0")))
    return f"{votes} votes in all"


class Reason(discord.ui.Modal):
    def __init__(self):
        super().__init__(title="Why?")
        self.add_item(discord.ui.InputText(label="Your name"))
        long = discord.InputTextStyle.long
        self.add_item(discord.ui.InputText(label="Reason", style=long, required=False))

    async def callback(self, interaction):
        name, reason = (field.value for field in self.children)
        await interaction.response.send_message(f"{name} says: {reason or 'nothing'}")


class Poll(discord.ui.View):
    def __init__(self):
        super().__init__(timeout=None)
        self.votes = 0

    @discord.ui.button(label="Vote", emoji="👍")
    async def vote(self, button, interaction):
        self.votes += 1
        await interaction.response.edit_message(content=f"{self.votes} voted")

    @discord.ui.button(label="Why")
    async def why(self, button, interaction):
        await interaction.response.send_modal(Reason())

    @discord.ui.button(label="Close")
    async def close(self, button, interaction):
        await interaction.response.defer()
        button.disabled = True
        await interaction.edit_original_response(content="closed", view=self)
        await interaction.followup.send(tally(self.votes), ephemeral=True)

    @discord.ui.select(
        placeholder="Colours",
        max_values=2,
        options=[discord.SelectOption(label=name, value=name[0]) for name in ("Red", "Blue")],
    )
    async def colours(self, menu, interaction):
        chosen = "".join(sorted(menu.values))
        await interaction.response.send_message(f"{interaction.user.name}: {chosen}")

    @discord.ui.user_select(placeholder="Who")
    async def who(self, menu, interaction):
        await interaction.response.send_message(f"hello {menu.values[0].name}")


poll = bot.create_group("poll", "Polls")


@poll.command(description="Begin one")
async def begin(ctx, topic: discord.Option(str), by: discord.Option(discord.Member)):
    await ctx.respond(f"{topic}, asks {by.name}", view=Poll())


bot.run(os.environ["DISCORD_TOKEN"])
