# exercise: defer_work
# expect: fails
# test: defer_work_visible
# message: and the archive was asked 0 times

# %% answer="defer_work"
async def recap(interaction: discord.Interaction):
    """Quick, polite, and untrue."""
    await interaction.response.defer()
    await interaction.followup.send("12 messages; best: ada rolls 12")
