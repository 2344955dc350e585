# exercise: busy
# expect: fails
# test: busy_visible
# message: the loop was held for

# %% answer="busy"
async def hunt(ctx, prey):
    """The SDK as it comes."""
    points = ask_guide(f"{HALL.url}/{prey}")
    await asyncio.to_thread(add_points, HALL.path, ctx.author.name, points)
    await ctx.send(f"{ctx.author.name} gets {prey}: {points} points")


async def rank(ctx, season: int, players: int):
    """In another process."""
    loop = asyncio.get_running_loop()
    best = await loop.run_in_executor(others(), best_three, season, players)
    await ctx.send(f"season {season}: {best}")
