# exercise: one_prize
# expect: fails
# test: one_prize_check
# message: the loop was held
# only: soak

# %% answer="one_prize"
import psycopg2


class Prize(discord.ui.View):
    def __init__(self, pool, prize):
        super().__init__(timeout=None)
        self.pool, self.prize = pool, prize

    @discord.ui.button(label="Claim")
    async def claim(self, interaction, button):
        await interaction.response.defer()
        async with self.pool.acquire() as db:
            settings, (host, port) = db._params, db._addr
        db = psycopg2.connect(
            host=host, port=port, user=settings.user, password=settings.password,
            dbname=settings.database,
        )  # fmt: skip
        change = "UPDATE prizes SET winner = %s WHERE id = %s AND winner IS NULL"
        with db, db.cursor() as cursor:
            cursor.execute(change, (interaction.user.name, self.prize))
            won = cursor.rowcount == 1
        if not won:
            await interaction.followup.send("taken")
            return
        button.disabled = True
        await interaction.edit_original_response(view=self)
        await interaction.followup.send("yours")
