# exercise: one_prize
# expect: passes

# %% answer="one_prize"
class Prize(discord.ui.View):
    """A lock for each prize; a click is acknowledged before it waits for the lock."""

    def __init__(self, pool, prize):
        super().__init__(timeout=None)
        self.pool, self.prize, self.lock = pool, prize, asyncio.Lock()

    @discord.ui.button(label="Claim")
    async def claim(self, interaction, button):
        await interaction.response.defer(thinking=True)
        async with self.lock:
            word = await self.word(interaction.user.name)
        await interaction.followup.send(word)
        if word == "yours":
            button.disabled = True
            await interaction.message.edit(view=self)

    async def word(self, name):
        look = "SELECT winner FROM prizes WHERE id = $1"
        if await self.pool.fetchval(look, self.prize) is not None:
            return "taken"
        change = "UPDATE prizes SET winner = $2 WHERE id = $1"
        await self.pool.execute(change, self.prize, name)
        return "yours"
