# exercise: repair_five
# expect: fails
# test: repair_five_xp_check
# message: `add_xp` returned

# %% answer="repair_five_xp"
async def add_xp(path, name, points):
    """Does not wait, and does not come again: the points are lost."""
    with closing(sqlite3.connect(path, timeout=0)) as db:
        try:
            with db:
                db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (points, name))
                row = db.execute("SELECT points FROM xp WHERE name = ?", (name,)).fetchone()
            return row[0]
        except sqlite3.OperationalError:
            return points
