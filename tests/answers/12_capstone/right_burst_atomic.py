# exercise: burst
# expect: passes

# %% answer="burst"
def move(path, message, giver, taker, points):
    """One transaction: None for a message that is known, else whether the points were there."""
    with closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("CREATE TABLE IF NOT EXISTS gifts (message INTEGER PRIMARY KEY)")
        if not db.execute("INSERT OR IGNORE INTO gifts VALUES (?)", (message,)).rowcount:
            db.execute("ROLLBACK")
            return None
        take = "UPDATE xp SET points = points - ? WHERE name = ? AND points >= ?"
        moved = bool(db.execute(take, (points, giver, points)).rowcount)
        if moved:
            db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (points, taker))
        db.execute("COMMIT")
        return moved


async def gift(ctx, taker, points: int):
    """The database decides, in one statement."""
    giver = ctx.author.name
    moved = await asyncio.to_thread(move, HALL.path, ctx.message.id, giver, taker, points)
    if moved is not None:
        says = f"gives {taker}" if moved else "cannot give"
        await ctx.send(f"{giver} {says} {points} points")
