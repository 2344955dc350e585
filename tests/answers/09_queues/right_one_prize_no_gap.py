# exercise: one_prize
# expect: passes

# %% answer="one_prize"
class Prize(discord.ui.View):
    """Nothing is awaited between the look and the change, so no other click comes in between."""

    def __init__(self, pool, prize):
        super().__init__(timeout=None)
        self.pool, self.prize, self.taken = pool, prize, False

    @discord.ui.button(label="Claim")
    async def claim(self, interaction, button):
        if self.taken:
            await interaction.response.send_message("taken", ephemeral=True)
            return
        self.taken = True
        await interaction.response.defer()
        change = "UPDATE prizes SET winner = $1 WHERE id = $2"
        try:
            await self.pool.execute(change, interaction.user.name, self.prize)
        except asyncpg.PostgresError:
            self.taken = False  # the next click may have it
            raise
        await interaction.followup.send("yours")
        await interaction.delete_original_response()
        self.stop()
