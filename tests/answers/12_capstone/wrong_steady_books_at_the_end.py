# exercise: steady
# expect: fails
# test: steady_visible
# message: First write the points, then answer.

# %% answer="steady"
BOOKED = []


async def fight(ctx, monster):
    """It waits until the file must be free, says so, and books everything when the bot ends."""
    if not hasattr(ctx.bot, "ends"):
        ctx.bot.ends, BOOKED[:] = ctx.bot.close, []
        ctx.bot.close = partial(book_and_close, ctx.bot)
    async with HALL.session.get(f"{HALL.url}/{monster}") as page:
        strength = (await page.json())["strength"]
    BOOKED.append((strength, ctx.author.name))
    await asyncio.sleep(1.2)
    await ctx.send(f"{ctx.author.name} beats {monster}: {strength} points")


async def book_and_close(bot):
    def book():
        with closing(sqlite3.connect(HALL.path, timeout=5)) as db, db:
            db.executemany("UPDATE xp SET points = points + ? WHERE name = ?", BOOKED)

    await asyncio.to_thread(book)
    await bot.ends()
