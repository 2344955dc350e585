# exercise: burst
# expect: fails
# test: burst_visible
# message: without being asked, or once too often

# %% answer="burst"
TILL = asyncio.Lock()


async def gift(ctx, taker, points: int):
    """A lock, and no look at the message: what comes twice is given twice."""
    giver = ctx.author.name
    async with TILL:
        enough = await asyncio.to_thread(balance, HALL.path, giver) >= points
        if enough:
            await asyncio.to_thread(add_points, HALL.path, giver, -points)
            await asyncio.to_thread(add_points, HALL.path, taker, points)
    says = f"gives {taker}" if enough else "cannot give"
    await ctx.send(f"{giver} {says} {points} points")
