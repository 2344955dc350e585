# exercise: repair_five
# expect: passes

# %% answer="repair_five_oracle"
import concurrent.futures

import httpx

pool = concurrent.futures.ThreadPoolExecutor(2)


async def oracle(url, question):
    """A pool of its own for the SDK."""
    return await asyncio.get_running_loop().run_in_executor(pool, ask_oracle, url, question)


# %% answer="repair_five_dog"
client_tls = httpx.create_ssl_context()  # 20 ms of work, done once


async def dog(url):
    """The other async client."""
    async with httpx.AsyncClient(verify=client_tls) as client:
        return (await client.get(url)).json()["message"]


# %% answer="repair_five_odds"
async def odds(seed, throws):
    """On the loop, a turn for the others after every thousand throws."""
    dice, sevens = random.Random(seed), 0
    for number in range(throws):
        if dice.randint(1, 6) + dice.randint(1, 6) == 7:
            sevens += 1
        if number % 1000 == 0:
            await asyncio.sleep(0)
    return sevens


# %% answer="repair_five_xp"
async def add_xp(path, name, points):
    """No waiting in SQLite at all: try, and await a moment while the file is locked."""
    while True:
        try:
            with closing(sqlite3.connect(path, timeout=0)) as db, db:
                db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (points, name))
                row = db.execute("SELECT points FROM xp WHERE name = ?", (name,)).fetchone()
            return row[0]
        except sqlite3.OperationalError:
            await asyncio.sleep(0.05)


# %% answer="repair_five_archive"
async def archive(path):
    """On the loop, in pieces of 16 kB with a turn for the others after each."""
    packer, source = lzma.LZMACompressor(preset=1), Path(path).read_bytes()
    pieces = []
    for start in range(0, len(source), 16384):
        pieces.append(packer.compress(source[start : start + 16384]))
        await asyncio.sleep(0)
    packed = b"".join([*pieces, packer.flush()])
    Path(path + ".xz").write_bytes(packed)
    return len(packed)
