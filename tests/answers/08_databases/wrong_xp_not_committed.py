# exercise: xp
# expect: fails
# test: xp_visible
# message: Commit the updates

# %% answer="xp"
async def add_xp(path, name, points):
    """Everything but the commit."""
    async with aiosqlite.connect(path, timeout=5) as db:
        await db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (points, name))
        async with db.execute("SELECT points FROM xp WHERE name = ?", (name,)) as rows:
            return (await rows.fetchone())[0]
