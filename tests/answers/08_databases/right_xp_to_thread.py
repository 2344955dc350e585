# exercise: xp
# expect: passes

# %% answer="xp"
async def add_xp(path, name, points):
    """The worked example in a thread."""

    def add():
        with closing(sqlite3.connect(path, timeout=5)) as db, db:
            db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (points, name))
            return db.execute("SELECT points FROM xp WHERE name = ?", (name,)).fetchone()[0]

    return await asyncio.to_thread(add)
