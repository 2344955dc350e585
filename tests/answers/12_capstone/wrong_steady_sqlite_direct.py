# exercise: steady
# expect: fails
# test: steady_visible
# message: the loop was held for

# %% answer="steady"
async def fight(ctx, monster):
    """The page is awaited; the file is "only" local."""
    async with HALL.session.get(f"{HALL.url}/{monster}") as page:
        strength = (await page.json())["strength"]
    add_points(HALL.path, ctx.author.name, strength)
    await ctx.send(f"{ctx.author.name} beats {monster}: {strength} points")
