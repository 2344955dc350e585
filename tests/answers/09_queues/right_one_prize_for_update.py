# exercise: one_prize
# expect: passes
# only: soak

# %% answer="one_prize"
class Prize(discord.ui.View):
    """The row is locked until the end of the transaction that looks and changes."""

    def __init__(self, pool, prize):
        super().__init__(timeout=None)
        self.pool, self.prize = pool, prize

    @discord.ui.button(label="Claim")
    async def claim(self, interaction, button):
        await interaction.response.defer()
        async with self.pool.acquire() as db, db.transaction():
            look = "SELECT winner FROM prizes WHERE id = $1 FOR UPDATE"
            won = await db.fetchval(look, self.prize) is None
            if won:
                change = "UPDATE prizes SET winner = $2 WHERE id = $1"
                await db.execute(change, self.prize, interaction.user.name)
        if won:
            button.disabled = True
            await interaction.edit_original_response(content="The prize is gone.", view=self)
        await interaction.followup.send("yours" if won else "taken", ephemeral=True)
