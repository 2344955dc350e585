# exercise: burst
# expect: passes

# %% answer="burst"
async def gift(ctx, taker, points: int):
    """The variant of the ladder: the ids stand in a table of the same file, in one transaction."""
    giver = ctx.author.name

    def move():
        with closing(sqlite3.connect(HALL.path, timeout=5)) as db, db:
            db.execute("CREATE TABLE IF NOT EXISTS seen (id INTEGER PRIMARY KEY)")
            if not db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (ctx.message.id,)).rowcount:
                return None
            take = "UPDATE xp SET points = points - ? WHERE name = ? AND points >= ?"
            give = "UPDATE xp SET points = points + ? WHERE name = ?"
            enough = db.execute(take, (points, giver, points)).rowcount
            db.execute(give, (points if enough else 0, taker))
            return enough

    if (enough := await asyncio.to_thread(move)) is not None:
        says = f"gives {taker}" if enough else "cannot give"
        await ctx.send(f"{giver} {says} {points} points")
