# exercise: xp
# expect: passes

# %% answer="xp"
clerk = ThreadPoolExecutor(1)


async def add_xp(path, name, points):
    """WAL mode, asked for by each connection: the last one open puts the -wal into the file."""

    def add():
        with closing(sqlite3.connect(path, timeout=5)) as db, db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (points, name))
            return db.execute("SELECT points FROM xp WHERE name = ?", (name,)).fetchone()[0]

    return await asyncio.get_running_loop().run_in_executor(clerk, add)
