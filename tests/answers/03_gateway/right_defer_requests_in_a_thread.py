# exercise: defer_work
# expect: passes

# %% answer="defer_work"
async def recap(interaction: discord.Interaction):
    """The blocking client in a thread."""
    await interaction.response.defer(thinking=True)
    page = await asyncio.to_thread(requests.get, RECAP.url)
    day = page.json()
    await interaction.followup.send(f"{day['messages']} messages; best: {day['best']}")
