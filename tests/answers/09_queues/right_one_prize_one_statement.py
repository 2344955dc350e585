# exercise: one_prize
# expect: passes

# %% answer="one_prize"
class Prize(discord.ui.View):
    """One statement looks and changes; the others see it by what it returns."""

    def __init__(self, pool, prize):
        super().__init__(timeout=None)
        self.pool, self.prize = pool, prize

    @discord.ui.button(label="Claim")
    async def claim(self, interaction, button):
        await interaction.response.send_message("One moment ...", ephemeral=True)
        winner = await self.pool.fetchval(
            "UPDATE prizes SET winner = $1 WHERE id = $2 AND winner IS NULL RETURNING winner",
            interaction.user.name,
            self.prize,
        )
        await interaction.edit_original_response(content="yours" if winner else "taken")
        if winner:
            await interaction.message.edit(view=None)
