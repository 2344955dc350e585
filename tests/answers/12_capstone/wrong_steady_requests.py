# exercise: steady
# expect: fails
# test: steady_visible
# message: the loop was held for

# %% answer="steady"
async def fight(ctx, monster):
    """The file is in a thread, the page is not."""
    strength = requests.get(f"{HALL.url}/{monster}", timeout=5).json()["strength"]
    await asyncio.to_thread(add_points, HALL.path, ctx.author.name, strength)
    await ctx.send(f"{ctx.author.name} beats {monster}: {strength} points")
