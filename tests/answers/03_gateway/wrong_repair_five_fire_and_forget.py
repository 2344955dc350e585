# exercise: repair_five
# expect: fails
# test: repair_five_xp_check
# message: `add_xp` returned

# %% answer="repair_five_xp"
async def add_xp(path, name, points):
    """The points are added some day; nobody waits for it, and nobody learns how many there are."""

    def add():
        with closing(sqlite3.connect(path, timeout=5)) as db, db:
            db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (points, name))

    asyncio.create_task(asyncio.to_thread(add))
