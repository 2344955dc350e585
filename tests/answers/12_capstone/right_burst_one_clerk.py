# exercise: burst
# expect: passes

# %% answer="burst"
SEEN, CLERK = set(), ThreadPoolExecutor(1)


def transfer(path, giver, taker, points):
    """Nobody else changes the file between look and change, and both changes come at once."""
    if balance(path, giver) < points:
        return False
    change = "UPDATE xp SET points = points + ? WHERE name = ?"
    with closing(sqlite3.connect(path, timeout=5)) as db, db:
        db.executemany(change, [(-points, giver), (points, taker)])
    return True


async def gift(ctx, taker, points: int):
    """One thread does all transfers, so that no other comes in between."""
    if ctx.message.id in SEEN:
        return
    SEEN.add(ctx.message.id)
    giver, loop = ctx.author.name, asyncio.get_running_loop()
    moved = await loop.run_in_executor(CLERK, transfer, HALL.path, giver, taker, points)
    says = f"gives {taker}" if moved else "cannot give"
    await ctx.send(f"{giver} {says} {points} points")
