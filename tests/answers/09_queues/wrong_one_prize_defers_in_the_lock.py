# exercise: one_prize
# expect: fails
# test: one_prize_check
# message: 1 of 3 clicks on prize 1 were acknowledged

# %% answer="one_prize"
class Prize(discord.ui.View):
    def __init__(self, pool, prize):
        super().__init__(timeout=None)
        self.pool, self.prize = pool, prize
        self.lock = asyncio.Lock()

    @discord.ui.button(label="Claim")
    async def claim(self, interaction, button):
        async with self.lock:
            await interaction.response.defer()
            change = "UPDATE prizes SET winner = $1 WHERE id = $2 AND winner IS NULL"
            said = await self.pool.execute(change, interaction.user.name, self.prize)
        if said == "UPDATE 0":
            await interaction.followup.send("taken")
            return
        button.disabled = True
        await interaction.edit_original_response(view=self)
        await interaction.followup.send("yours")
