# exercise: one_prize
# expect: fails
# test: one_prize_check
# message: Prize 1 is gone, and its button can still be clicked
# only: soak

# %% answer="one_prize"
class Prize(discord.ui.View):
    def __init__(self, pool, prize):
        super().__init__(timeout=None)
        self.pool, self.prize = pool, prize

    @discord.ui.button(label="Claim")
    async def claim(self, interaction, button):
        await interaction.response.defer()
        change = "UPDATE prizes SET winner = $1 WHERE id = $2 AND winner IS NULL"
        said = await self.pool.execute(change, interaction.user.name, self.prize)
        await interaction.followup.send("yours" if said == "UPDATE 1" else "taken")
