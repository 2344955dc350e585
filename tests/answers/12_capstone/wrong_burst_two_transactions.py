# exercise: burst
# expect: fails
# test: burst_visible
# message: all or nothing: put both updates into one transaction.

# %% answer="burst"
SEEN, CLERK = set(), ThreadPoolExecutor(1)


def transfer(path, giver, taker, points):
    if balance(path, giver) < points:
        return False
    add_points(path, giver, -points)
    add_points(path, taker, points)
    return True


async def gift(ctx, taker, points: int):
    """One thread does all transfers, but each is two changes of the file."""
    if ctx.message.id in SEEN:
        return
    SEEN.add(ctx.message.id)
    giver, loop = ctx.author.name, asyncio.get_running_loop()
    moved = await loop.run_in_executor(CLERK, transfer, HALL.path, giver, taker, points)
    says = f"gives {taker}" if moved else "cannot give"
    await ctx.send(f"{giver} {says} {points} points")
