# exercise: one_prize
# expect: fails
# test: one_prize_check
# message: keep what a view knows of its prize in `self`

# %% answer="one_prize"
class Prize(discord.ui.View):
    taken = False

    def __init__(self, pool, prize):
        super().__init__(timeout=None)
        self.pool, self.prize = pool, prize

    @discord.ui.button(label="Claim")
    async def claim(self, interaction, button):
        first, Prize.taken = not Prize.taken, True
        await interaction.response.defer()
        if not first:
            button.disabled = True
            await interaction.edit_original_response(view=self)
            await interaction.followup.send("taken")
            return
        change = "UPDATE prizes SET winner = $1 WHERE id = $2"
        await self.pool.execute(change, interaction.user.name, self.prize)
        button.disabled = True
        await interaction.edit_original_response(view=self)
        await interaction.followup.send("yours")
