# exercise: defer_work
# expect: passes

# %% answer="defer_work"
async def recap(interaction: discord.Interaction):
    """The answer takes the place of "is thinking"."""
    await interaction.response.defer()
    async with aiohttp.ClientSession() as session:
        page = await session.get(RECAP.url)
        day = await page.json()
    text = f"{day['messages']} messages; best: {day['best']}"
    await interaction.edit_original_response(content=text)
