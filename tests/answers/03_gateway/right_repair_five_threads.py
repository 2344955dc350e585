# exercise: repair_five
# expect: passes
# only: soak

# %% answer="repair_five_oracle"
async def oracle(url, question):
    """In a thread."""
    return await asyncio.to_thread(ask_oracle, url, question)


# %% answer="repair_five_dog"
async def dog(url):
    """In a thread, the blocking client."""
    page = await asyncio.to_thread(requests.get, url)
    return page.json()["message"]


# %% answer="repair_five_odds"
async def odds(seed, throws):
    """In a thread."""
    return await asyncio.to_thread(count_sevens, seed, throws)


# %% answer="repair_five_xp"
def add_points_now(path, name, points):
    with closing(sqlite3.connect(path, timeout=5)) as db, db:
        db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (points, name))
        return db.execute("SELECT points FROM xp WHERE name = ?", (name,)).fetchone()[0]


async def add_xp(path, name, points):
    """All of the database's work in one thread."""
    return await asyncio.to_thread(add_points_now, path, name, points)


# %% answer="repair_five_archive"
async def archive(path):
    """Step by step, each in a thread."""
    content = await asyncio.to_thread(Path(path).read_bytes)
    packed = await asyncio.to_thread(lzma.compress, content)
    await asyncio.to_thread(Path(path + ".xz").write_bytes, packed)
    return len(packed)
