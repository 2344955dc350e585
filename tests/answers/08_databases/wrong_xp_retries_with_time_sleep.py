# exercise: xp
# expect: fails
# test: xp_visible
# message: time.sleep(0.05)

# %% answer="xp"
async def add_xp(path, name, points):
    """Tries again, and sleeps on the loop in between."""
    while True:
        try:
            with closing(sqlite3.connect(path, timeout=0)) as db, db:
                db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (points, name))
                return db.execute("SELECT points FROM xp WHERE name = ?", (name,)).fetchone()[0]
        except sqlite3.OperationalError:
            time.sleep(0.05)
