# exercise: burst
# expect: fails
# test: burst_visible
# message: The points file has

# %% answer="burst"
SEEN = set()


async def gift(ctx, taker, points: int):
    """Each message once; but between the look and the change all the others look as well."""
    giver = ctx.author.name
    if ctx.message.id in SEEN:
        return
    SEEN.add(ctx.message.id)
    if await asyncio.to_thread(balance, HALL.path, giver) < points:
        await ctx.send(f"{giver} cannot give {points} points")
        return
    await asyncio.to_thread(add_points, HALL.path, giver, -points)
    await asyncio.to_thread(add_points, HALL.path, taker, points)
    await ctx.send(f"{giver} gives {taker} {points} points")
