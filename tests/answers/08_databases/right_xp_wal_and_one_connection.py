# exercise: xp
# expect: passes

# %% answer="xp"
def open_in_wal_mode(path):
    db = sqlite3.connect(path, timeout=5, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    return db


clerk, books = ThreadPoolExecutor(1), {}


async def add_xp(path, name, points):
    """One connection in WAL mode, which nobody ever closes: what it wrote is in the -wal."""

    def add():
        if path not in books:
            books[path] = open_in_wal_mode(path)
        with books[path] as db:
            db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (points, name))
            return db.execute("SELECT points FROM xp WHERE name = ?", (name,)).fetchone()[0]

    return await asyncio.get_running_loop().run_in_executor(clerk, add)
