# exercise: one_prize
# expect: passes
# only: soak

# %% answer="one_prize"
class Prize(discord.ui.View):
    """Clicks go into a queue, and one task for each view serves them."""

    def __init__(self, pool, prize):
        super().__init__(timeout=None)
        self.pool, self.prize, self.clicks = pool, prize, asyncio.Queue()
        self.clerk = asyncio.create_task(self.serve())

    @discord.ui.button(label="Claim")
    async def claim(self, interaction, button):
        await interaction.response.defer()
        self.clicks.put_nowait((interaction, button))

    async def serve(self):
        interaction, button = await self.clicks.get()
        change = "UPDATE prizes SET winner = $1 WHERE id = $2"
        await self.pool.execute(change, interaction.user.name, self.prize)
        await interaction.followup.send("yours")
        button.disabled = True
        await interaction.edit_original_response(view=self)
        while True:
            interaction, _ = await self.clicks.get()
            await interaction.followup.send("taken")
