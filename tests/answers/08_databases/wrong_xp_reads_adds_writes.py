# exercise: xp
# expect: fails
# test: xp_visible
# message: Points were lost

# %% answer="xp"
async def add_xp(path, name, points):
    """Adds in Python: what others wrote in between is overwritten."""
    async with aiosqlite.connect(path, timeout=5) as db:
        while True:
            try:
                async with db.execute("SELECT points FROM xp WHERE name = ?", (name,)) as rows:
                    now = (await rows.fetchone())[0] + points
                break
            except sqlite3.OperationalError:
                pass
        await asyncio.sleep(0.2)
        await db.execute("UPDATE xp SET points = ? WHERE name = ?", (now, name))
        await db.commit()
    return now
