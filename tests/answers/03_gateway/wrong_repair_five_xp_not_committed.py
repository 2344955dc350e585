# exercise: repair_five
# expect: fails
# test: repair_five_xp_check
# message: was it committed?

# %% answer="repair_five_xp"
connections = []


async def add_xp(path, name, points):
    """A new connection for each call, kept open, and nothing is ever committed."""

    def add():
        db = sqlite3.connect(path, timeout=1, check_same_thread=False)
        connections.append(db)
        db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (points, name))
        return db.execute("SELECT points FROM xp WHERE name = ?", (name,)).fetchone()[0]

    return await asyncio.to_thread(add)
