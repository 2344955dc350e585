# exercise: busy
# expect: passes
# test: busy_visible

# %% answer="busy"
import heapq

WRITER = ThreadPoolExecutor(1)


async def hunt(ctx, prey):
    """No SDK: the guide is asked by the session, and one thread writes for everybody."""
    async with HALL.session.get(f"{HALL.url}/{prey}") as page:
        points = (await page.json())["points"]
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(WRITER, add_points, HALL.path, ctx.author.name, points)
    await ctx.send(f"{ctx.author.name} gets {prey}: {points} points")


async def rank(ctx, season: int, players: int):
    """A few thousand players at a time, with a turn for the others after each."""
    score, best = partial(pow, season, mod=998_244_353), []
    for start in range(0, players, 3000):
        some = range(start, min(start + 3000, players))
        best = heapq.nlargest(3, [*best, *some], key=score)
        await asyncio.sleep(0)
    await ctx.send(f"season {season}: {best}")
