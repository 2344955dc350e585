# exercise: one_prize
# expect: fails
# test: one_prize_check
# message: Between your look at the row and its change

# %% answer="one_prize"
class Prize(discord.ui.View):
    def __init__(self, pool, prize):
        super().__init__(timeout=None)
        self.pool, self.prize = pool, prize

    @discord.ui.button(label="Claim")
    async def claim(self, interaction, button):
        await interaction.response.defer()
        look = "SELECT winner FROM prizes WHERE id = $1"
        if await self.pool.fetchval(look, self.prize) is not None:
            await interaction.followup.send("taken")
            return
        change = "UPDATE prizes SET winner = $2 WHERE id = $1"
        await self.pool.execute(change, self.prize, interaction.user.name)
        button.disabled = True
        await interaction.edit_original_response(view=self)
        await interaction.followup.send("yours")
