# exercise: xp
# expect: passes

# %% answer="xp"
writer = ThreadPoolExecutor(1)


async def add_xp(path, name, points):
    """One thread does all the writing, one after the other."""

    def add():
        with closing(sqlite3.connect(path, timeout=5)) as db, db:
            now = db.execute(
                "UPDATE xp SET points = points + ? WHERE name = ? RETURNING points", (points, name)
            )
            return now.fetchone()[0]

    return await asyncio.get_running_loop().run_in_executor(writer, add)
