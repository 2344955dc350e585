# exercise: defer_work
# expect: fails
# test: defer_work_visible
# message: Unknown interaction

# %% answer="defer_work"
async def recap(interaction: discord.Interaction):
    """Defers when there is nothing left to wait for."""
    async with aiohttp.ClientSession() as session, session.get(RECAP.url) as page:
        day = await page.json()
    await interaction.response.defer()
    await interaction.followup.send(f"{day['messages']} messages; best: {day['best']}")
