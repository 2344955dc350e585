# exercise: one_prize
# expect: passes
# only: soak

# %% answer="one_prize"
class Prize(discord.ui.View):
    """The first click starts the writing; the others wait until it is done."""

    def __init__(self, pool, prize):
        super().__init__(timeout=None)
        self.pool, self.prize, self.writing = pool, prize, None

    @discord.ui.button(label="Claim")
    async def claim(self, interaction, button):
        first = self.writing is None
        if first:
            self.writing = asyncio.create_task(self.write(interaction.user.name))
        await interaction.response.defer()
        await asyncio.shield(self.writing)
        if first:
            button.disabled = True
            await interaction.message.edit(view=self)
        await interaction.followup.send("yours" if first else "taken")

    async def write(self, name):
        change = "UPDATE prizes SET winner = $1 WHERE id = $2"
        await self.pool.execute(change, name, self.prize)
