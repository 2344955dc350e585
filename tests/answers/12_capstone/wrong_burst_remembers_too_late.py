# exercise: burst
# expect: fails
# test: burst_visible
# message: without being asked, or once too often

# %% answer="burst"
SEEN, TILL = set(), asyncio.Lock()


async def gift(ctx, taker, points: int):
    """The message is noted when the work is done: the second copy is long past the look."""
    giver = ctx.author.name
    if ctx.message.id in SEEN:
        return
    async with TILL:
        enough = await asyncio.to_thread(balance, HALL.path, giver) >= points
        if enough:
            await asyncio.to_thread(add_points, HALL.path, giver, -points)
            await asyncio.to_thread(add_points, HALL.path, taker, points)
    SEEN.add(ctx.message.id)
    says = f"gives {taker}" if enough else "cannot give"
    await ctx.send(f"{giver} {says} {points} points")
