# exercise: repair_five
# expect: fails
# test: repair_five_xp_check
# message: the loop was held for

# %% answer="repair_five_xp"
async def add_xp(path, name, points):
    """As it was: SQLite waits for the lock, and the loop waits for SQLite."""
    with closing(sqlite3.connect(path, timeout=5)) as db, db:
        db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (points, name))
        return db.execute("SELECT points FROM xp WHERE name = ?", (name,)).fetchone()[0]
