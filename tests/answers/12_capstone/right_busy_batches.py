# exercise: busy
# expect: passes
# test: busy_visible

# %% answer="busy"
GUIDES = ThreadPoolExecutor(100)
BOOK = []


def book_all(path, gains):
    with closing(sqlite3.connect(path, timeout=5)) as db, db:
        db.executemany("UPDATE xp SET points = points + ? WHERE name = ?", gains)


async def hunt(ctx, prey):
    """Whoever finds the book unattended writes for all who have come meanwhile."""
    loop = asyncio.get_running_loop()
    points = await loop.run_in_executor(GUIDES, ask_guide, f"{HALL.url}/{prey}")
    written = loop.create_future()
    BOOK.append(((points, ctx.author.name), written))
    if len(BOOK) == 1:
        await asyncio.sleep(0.02)
        page, BOOK[:] = BOOK[:], []
        await asyncio.to_thread(book_all, HALL.path, [gain for gain, _ in page])
        for _, done in page:
            done.set_result(None)
    await written
    await ctx.send(f"{ctx.author.name} gets {prey}: {points} points")


async def rank(ctx, season: int, players: int):
    """In another process."""
    loop = asyncio.get_running_loop()
    best = await loop.run_in_executor(others(), best_three, season, players)
    await ctx.send(f"season {season}: {best}")
