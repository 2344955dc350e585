# exercise: defer_work
# expect: fails
# test: defer_work_visible
# message: requests.get(RECAP.url)

# %% answer="defer_work"
async def recap(interaction: discord.Interaction):
    """In time for cy, and then nobody else is served."""
    await interaction.response.defer()
    day = requests.get(RECAP.url).json()
    await interaction.followup.send(f"{day['messages']} messages; best: {day['best']}")
