# exercise: steady
# expect: fails
# test: steady_visible
# message: never asked the web server

# %% answer="steady"
async def fight(ctx, monster):
    """Some number will do."""
    await asyncio.to_thread(add_points, HALL.path, ctx.author.name, 7)
    await ctx.send(f"{ctx.author.name} beats {monster}: 7 points")
