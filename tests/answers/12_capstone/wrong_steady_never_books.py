# exercise: steady
# expect: fails
# test: steady_visible
# message: The points file has

# %% answer="steady"
async def fight(ctx, monster):
    """Nobody looks into the file."""
    async with HALL.session.get(f"{HALL.url}/{monster}") as page:
        strength = (await page.json())["strength"]
    await ctx.send(f"{ctx.author.name} beats {monster}: {strength} points")
