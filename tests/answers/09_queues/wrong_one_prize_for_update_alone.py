# exercise: one_prize
# expect: fails
# test: one_prize_check
# message: the lock of a row lasts until the end of its transaction
# only: soak

# %% answer="one_prize"
class Prize(discord.ui.View):
    def __init__(self, pool, prize):
        super().__init__(timeout=None)
        self.pool, self.prize = pool, prize

    @discord.ui.button(label="Claim")
    async def claim(self, interaction, button):
        await interaction.response.defer()
        async with self.pool.acquire() as db:
            look = "SELECT winner FROM prizes WHERE id = $1 FOR UPDATE"
            won = await db.fetchval(look, self.prize) is None
            if won:
                change = "UPDATE prizes SET winner = $2 WHERE id = $1"
                await db.execute(change, self.prize, interaction.user.name)
        if not won:
            await interaction.followup.send("taken")
            return
        button.disabled = True
        await interaction.edit_original_response(view=self)
        await interaction.followup.send("yours")
