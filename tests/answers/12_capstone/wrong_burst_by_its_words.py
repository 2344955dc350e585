# exercise: burst
# expect: fails
# test: burst_visible
# message: The points file has

# %% answer="burst"
SEEN, TILL = set(), asyncio.Lock()


async def gift(ctx, taker, points: int):
    """Takes two gifts for one because they read the same."""
    giver = ctx.author.name
    if (giver, taker, points) in SEEN:
        return
    SEEN.add((giver, taker, points))
    async with TILL:
        enough = await asyncio.to_thread(balance, HALL.path, giver) >= points
        if enough:
            await asyncio.to_thread(add_points, HALL.path, giver, -points)
            await asyncio.to_thread(add_points, HALL.path, taker, points)
    says = f"gives {taker}" if enough else "cannot give"
    await ctx.send(f"{giver} {says} {points} points")
