# exercise: xp
# expect: fails
# test: xp_visible
# message: db.execute(

# %% answer="xp"
async def add_xp(path, name, points):
    """As it was."""
    with closing(sqlite3.connect(path, timeout=5)) as db, db:
        db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (points, name))
        return db.execute("SELECT points FROM xp WHERE name = ?", (name,)).fetchone()[0]
