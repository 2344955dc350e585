# exercise: xp
# expect: fails
# test: xp_visible
# message: It should wait

# %% answer="xp"
async def add_xp(path, name, points):
    """Waits for a tenth of a second, and then somebody gets the error."""
    async with aiosqlite.connect(path, timeout=0.1) as db:
        await db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (points, name))
        async with db.execute("SELECT points FROM xp WHERE name = ?", (name,)) as rows:
            now = (await rows.fetchone())[0]
        await db.commit()
    return now
