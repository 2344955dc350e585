# exercise: busy
# expect: fails
# test: busy_visible
# message: the loop was held for

# %% answer="busy"
async def hunt(ctx, prey):
    """The guide is asked by the session."""
    async with HALL.session.get(f"{HALL.url}/{prey}") as page:
        points = (await page.json())["points"]
    await asyncio.to_thread(add_points, HALL.path, ctx.author.name, points)
    await ctx.send(f"{ctx.author.name} gets {prey}: {points} points")


async def rank(ctx, season: int, players: int):
    """A turn for the others before it, and none while it sorts."""
    await asyncio.sleep(0)
    await ctx.send(f"season {season}: {best_three(season, players)}")
