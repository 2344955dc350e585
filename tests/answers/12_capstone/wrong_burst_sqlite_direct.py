# exercise: burst
# expect: fails
# test: burst_visible
# message: the loop was held for

# %% answer="burst"
SEEN = set()


async def gift(ctx, taker, points: int):
    """Without an await nothing comes in between: and nothing else runs, either."""
    giver = ctx.author.name
    if ctx.message.id in SEEN:
        return
    SEEN.add(ctx.message.id)
    enough = balance(HALL.path, giver) >= points
    if enough:
        add_points(HALL.path, giver, -points)
        add_points(HALL.path, taker, points)
    says = f"gives {taker}" if enough else "cannot give"
    await ctx.send(f"{giver} {says} {points} points")
