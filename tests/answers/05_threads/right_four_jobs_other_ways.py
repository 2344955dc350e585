# exercise: four_jobs
# expect: passes

# %% answer="four_jobs_weather"
import heapq

import aiohttp


async def weather(url):
    """An async client."""
    async with aiohttp.ClientSession() as session, session.get(url) as page:
        return await page.text()


# %% answer="four_jobs_seed"
async def seed_of(rolls, seeds):
    """On the loop, with a turn after every hundred seeds."""
    for seed in range(seeds):
        dice = random.Random(seed)
        if all(dice.randint(1, 6) == roll for roll in rolls):
            return seed
        if seed % 100 == 0:
            await asyncio.sleep(0)
    return -1


# %% answer="four_jobs_photo"
STUDIO = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


async def small_picture(photo):
    """A process does as well. (To leave its `with` here would hold the loop until it has ended.)"""
    return await asyncio.wrap_future(STUDIO.submit(jobs.shrink, photo))


# %% answer="four_jobs_ranking"
def drawn(season, players):
    """The scores, a slice at a time: many small steps, so that a thread is enough. The longest
    hold was 10 to 45 ms, and 50 to 102 where Python looked for garbage (9 of 350, 4 rivals)."""
    scores = memoryview(random.Random(season).randbytes(4 * players)).cast("I")
    parts = []
    for start in range(0, players, 5_000):
        parts.append(sorted(scores[start : start + 5_000]))
    wanted, found = set(range(0, players, players // 9)[:10]), []
    for place, score in enumerate(heapq.merge(*parts)):
        if place in wanted:
            found.append(score)
    return found


async def deciles(season, players):
    """Chunks, merged in Python."""
    return await asyncio.to_thread(drawn, season, players)
