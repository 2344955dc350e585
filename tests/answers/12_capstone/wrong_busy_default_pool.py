# exercise: busy
# expect: fails
# test: busy_visible
# message: hunters waited for more than 1.5 s

# %% answer="busy"
async def hunt(ctx, prey):
    """Everything into the default pool, which has five threads."""
    points = await asyncio.to_thread(ask_guide, f"{HALL.url}/{prey}")
    await asyncio.to_thread(add_points, HALL.path, ctx.author.name, points)
    await ctx.send(f"{ctx.author.name} gets {prey}: {points} points")


async def rank(ctx, season: int, players: int):
    """In another process."""
    loop = asyncio.get_running_loop()
    best = await loop.run_in_executor(others(), best_three, season, players)
    await ctx.send(f"season {season}: {best}")
