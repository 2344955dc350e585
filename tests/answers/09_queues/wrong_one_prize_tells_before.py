# exercise: one_prize
# expect: fails
# test: one_prize_check
# message: was told `yours` for prize 1, but the winner in the row is None
# only: soak

# %% answer="one_prize"
class Prize(discord.ui.View):
    def __init__(self, pool, prize):
        super().__init__(timeout=None)
        self.pool, self.prize = pool, prize
        self.winner = None

    @discord.ui.button(label="Claim")
    async def claim(self, interaction, button):
        first = self.winner is None
        if first:
            self.winner = interaction.user.name
        await interaction.response.send_message("yours" if first else "taken")
        button.disabled = True
        await interaction.message.edit(view=self)
