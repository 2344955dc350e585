# exercise: xp
# expect: passes

# %% answer="xp"
async def add_xp(path, name, points):
    """Never waits inside of SQLite: tries, and awaits between the tries."""
    while True:
        try:
            with closing(sqlite3.connect(path, timeout=0)) as db, db:
                db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (points, name))
                return db.execute("SELECT points FROM xp WHERE name = ?", (name,)).fetchone()[0]
        except sqlite3.OperationalError:
            await asyncio.sleep(0.02)
