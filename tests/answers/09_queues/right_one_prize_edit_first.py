# exercise: one_prize
# expect: passes

# %% answer="one_prize"
class Prize(discord.ui.View):
    """The first answer takes the button away; it comes back when the database fails."""

    def __init__(self, pool, prize):
        super().__init__(timeout=None)
        self.pool, self.prize = pool, prize

    @discord.ui.button(label="Claim")
    async def claim(self, interaction, button):
        button.disabled = True
        await interaction.response.edit_message(view=self)
        change = "UPDATE prizes SET winner = $1 WHERE id = $2 AND winner IS NULL"
        try:
            said = await self.pool.execute(change, interaction.user.name, self.prize)
        except asyncpg.PostgresError:
            button.disabled = False
            await interaction.edit_original_response(view=self)
            raise
        await interaction.followup.send("yours" if said == "UPDATE 1" else "taken")
