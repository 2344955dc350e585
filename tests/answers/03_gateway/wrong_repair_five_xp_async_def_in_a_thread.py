# exercise: repair_five
# expect: fails
# test: repair_five_xp_check
# message: give it a plain `def`

# %% answer="repair_five_xp"
async def add_xp(path, name, points):
    """The thread makes a coroutine of `add`, and no thread runs that."""

    async def add():
        with closing(sqlite3.connect(path, timeout=5)) as db, db:
            db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (points, name))
            return db.execute("SELECT points FROM xp WHERE name = ?", (name,)).fetchone()[0]

    return await asyncio.to_thread(add)
