# exercise: defer_work
# expect: fails
# test: defer_work_visible
# message: first defer, then work

# %% answer="defer_work"
async def recap(interaction: discord.Interaction):
    """The archive is asked while the bot has said nothing yet."""

    async def fetch():
        async with aiohttp.ClientSession() as session, session.get(RECAP.url) as page:
            return await page.json()

    fetching = asyncio.create_task(fetch())
    await asyncio.sleep(0.3)
    await interaction.response.defer()
    day = await fetching
    await interaction.followup.send(f"{day['messages']} messages; best: {day['best']}")
