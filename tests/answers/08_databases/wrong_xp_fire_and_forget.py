# exercise: xp
# expect: fails
# test: xp_visible
# message: The file is as it was before

# %% answer="xp"
kept = set()


async def add_xp(path, name, points):
    """Reads, promises, and leaves the writing to a task."""

    async def add():
        async with aiosqlite.connect(path, timeout=5) as db:
            await db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (points, name))
            await db.commit()

    kept.add(asyncio.create_task(add()))
    return points
