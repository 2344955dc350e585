# exercise: defer_work
# expect: fails
# test: defer_work_visible
# message: The follow-ups were []

# %% answer="defer_work"
async def recap(interaction: discord.Interaction):
    """Thinks for ever."""
    await interaction.response.defer()
    async with aiohttp.ClientSession() as session, session.get(RECAP.url) as page:
        await page.json()
