# exercise: one_prize
# expect: fails
# test: one_prize_check
# message: 6 of 6 clicks were not acknowledged within 3 s

# %% answer="one_prize"
class Prize(discord.ui.View):
    def __init__(self, pool, prize):
        super().__init__(timeout=None)
        self.pool, self.prize = pool, prize

    @discord.ui.button(label="Claim")
    async def claim(self, interaction, button):
        change = "UPDATE prizes SET winner = $1 WHERE id = $2 AND winner IS NULL"
        said = await self.pool.execute(change, interaction.user.name, self.prize)
        if said == "UPDATE 0":
            await interaction.response.send_message("taken")
            return
        await interaction.response.send_message("yours")
        button.disabled = True
        await interaction.message.edit(view=self)
