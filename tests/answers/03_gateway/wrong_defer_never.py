# exercise: defer_work
# expect: fails
# test: defer_work_visible
# message: Unknown interaction

# %% answer="defer_work"
async def recap(interaction: discord.Interaction):
    """Awaits properly, and answers too late."""
    async with aiohttp.ClientSession() as session, session.get(RECAP.url) as page:
        day = await page.json()
    text = f"{day['messages']} messages; best: {day['best']}"
    await interaction.response.send_message(text)
