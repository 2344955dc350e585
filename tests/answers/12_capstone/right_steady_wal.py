# exercise: steady
# expect: passes
# test: steady_visible

# %% answer="steady"
clerk, books = ThreadPoolExecutor(1), {}


def book(path, strength, name):
    """One connection a file, in WAL mode, never closed."""
    if path not in books:
        books[path] = sqlite3.connect(path, timeout=5, check_same_thread=False)
        books[path].execute("PRAGMA journal_mode = WAL")
    with books[path] as db:
        db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (strength, name))


async def fight(ctx, monster):
    async with HALL.session.get(f"{HALL.url}/{monster}") as page:
        strength = (await page.json())["strength"]
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(clerk, book, HALL.path, strength, ctx.author.name)
    await ctx.send(f"{ctx.author.name} beats {monster}: {strength} points")
