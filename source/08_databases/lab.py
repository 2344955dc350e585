# The lab of unit 08. The SQLite file is held for 0.5 s, 5 times the limit of 0.1 s; right answers hold
# the loop 0 to 30 ms. Connections are counted by the relay in front of PostgreSQL, memory by
# tracemalloc: 5 MB are allowed, cursors need 0.4 to 1.8, a list of all rows 11 to 21.

# %% [markdown]
# # Lab 08 · Count every point
#
# There are two exercises (50 points) and a stretch exercise (20 points). Run the cells in order, from
# the top.
#
# Write your program into each **answer cell**, in place of `raise NotImplementedError()`, then run
# the **test cell** below it. The test looks at three things: whether the loop was free, whether the
# answer is right, and **what is in the database afterwards**. You may use any library, also a blocking
# one in threads. A hidden test does the same with other inputs.
#
# If a test fails, its message says what happened and where. Stuck? Each exercise has hints below it.
# They cost no points. The folded cells have what the tests need.

# %% setup="tools" jupyter={"source_hidden": true}
import asyncio
import hashlib
import itertools
import random
import sqlite3  # noqa: F401 (some of these are for your answers)
import time  # noqa: F401
import tracemalloc
from concurrent.futures import ThreadPoolExecutor  # noqa: F401
from contextlib import closing  # noqa: F401
from pathlib import Path

import aiosqlite
import asyncpg
import psycopg  # noqa: F401
import psycopg2  # noqa: F401

from autograder import watch, world
from autograder.testing import Connections, Inconclusive, WrongValue, kept, reached, right

servers = await world.start("sqlite", "postgres")

# %% setup="verdicts" jupyter={"source_hidden": true}
def same_points(found, wanted, where):
    """Raise WrongValue unless two {name: points} are the same."""
    for name in wanted:
        if found.get(name) != wanted[name]:
            raise WrongValue(
                f"{where} {name} has {found.get(name)} points; expected {wanted[name]}. "
                f"{'Points were lost' if (found.get(name) or 0) < wanted[name] else 'Points were added twice, or made up'}."
            )


def afterwards():
    """Counts the connections to the database that are still open when `Scores` has closed."""
    return Connections(lambda: servers.postgres.counters()["open"])


def well_closed(after):
    """Raise WrongValue when connections of `Scores` were still open after its end."""
    if after.left > 0:
        raise WrongValue(
            f"{after.left} connection(s) were still open 1 s after `async with Scores(...)` had "
            "ended. Close in `__aexit__` what you have opened."
        )

# %% [markdown] exercise="xp" limit=0.1
# ---
# ## 1 · XP under a lock
#
# People get XP for each message in #general. This evening twelve messages come at the same moment,
# while the guild's website holds the file for half a second.
#
# `add_xp(path, name, points)` adds points to `name`, in the table `xp (name, points)` of the SQLite
# file at `path`. It returns the number of points that this person has **immediately after that**. Many
# calls run at the same time, also for the same person. So read the points before you commit: after the
# commit another call may add more.
#
# **Worked example.** One thing is wrong with it: it blocks. (The second `db` is sqlite3's own `with`: it
# commits when the block ends. aiosqlite has no such `with`: there, call `commit`.)
#
# ```python
# async def add_xp(path, name, points):
#     with closing(sqlite3.connect(path, timeout=5)) as db, db:
#         db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (points, name))
#         return db.execute("SELECT points FROM xp WHERE name = ?", (name,)).fetchone()[0]
# ```
#
# **Your turn.** Write `add_xp` so that no point is lost, each answer is right, and no call fails with
# "database is locked". Limit: hold the loop for less than **100 ms** at a time.

# %% answer="xp"
async def add_xp(path, name, points):
    """Add points to `name`, in the table `xp`; return how many there are then."""
    ### BEGIN SOLUTION
    async with aiosqlite.connect(path, timeout=5) as db:
        await db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (points, name))
        async with db.execute("SELECT points FROM xp WHERE name = ?", (name,)) as rows:
            now = (await rows.fetchone())[0]
        await db.commit()
    return now
    ### END SOLUTION

# %% setup="xp_evening" jupyter={"source_hidden": true}
async def lively(path, gains):
    """All people write at the same moment; return what each call of `add_xp` returned."""
    return await asyncio.gather(*(add_xp(path, name, points) for name, points in gains))


def plan_evening(names, messages):
    """How many points people have before, and what they gain."""
    before = {name: random.randint(10, 999) for name in names}
    gains = [(random.choice(names), random.randint(1, 9)) for _ in range(messages)]
    return before, gains


async def held_file(before):
    """A file with these points, which another program holds for half a second."""
    rows = ", ".join(f"('{name}', {points})" for name, points in before.items())
    table = "CREATE TABLE xp (name TEXT PRIMARY KEY, points INTEGER)"
    return await servers.sqlite(0.5, f"{table}; INSERT INTO xp VALUES {rows};")

# %% setup="xp_judged" jupyter={"source_hidden": true}
def credited(report, file, before, gains):
    """Raise WrongValue unless the file has every point, and each answer was right when given."""
    if report.error and "locked" in report.error[1]:
        raise WrongValue(
            f"{report}. A call failed because the file was locked. It should wait: for the website, "
            "which holds the file for half a second, or for an open transaction of your own."
        )
    report.responsive(0.1)
    report.value  # raises when the call did
    found = dict(file.rows("xp", name=str, points=int))  # raises when they cannot be read
    if gains and found == before:
        raise WrongValue(
            "The file is as it was before. Commit the updates, and await them before `add_xp` "
            "returns."
        )
    wanted = dict(before)
    for name, points in gains:
        wanted[name] += points
    same_points(found, wanted, "In the file")
    check_answers(report.value, before, gains)

# %% setup="xp_answers" jupyter={"source_hidden": true}
def check_answers(answers, before, gains):
    """Raise WrongValue unless the answers for each person are sums of what was gained, in turn."""
    for name in dict.fromkeys(name for name, _ in gains):
        said = [now for now, (who, _) in zip(answers, gains, strict=True) if who == name]
        own = sorted(points for who, points in gains if who == name)
        if not all(type(now) is int for now in said):
            raise WrongValue(f"`add_xp` returned {said} for {name}; expected an int.")
        steps = [before[name], *sorted(said)]
        if sorted(b - a for a, b in itertools.pairwise(steps)) != own:
            raise WrongValue(
                f"{name} had {before[name]} points and gained {own}; `add_xp` returned "
                f"{sorted(said)}. Return what the person has immediately after this update, and "
                "read it before you commit."
            )

# %% test="xp_visible" points=15
before, gains = plan_evening(["ada", "bo", "cy"], 12)
file = await held_file(before)
report = await watch(lively, file.path, gains)
credited(report, file, before, gains)
print(f"Right: 15 of 15 points. {report}")

# %% [markdown]
# The hidden test has other people.

# %% test="xp_hidden" points=15
print("The hidden test runs when you check the lab.")
### BEGIN HIDDEN TESTS
before, gains = plan_evening([f"guest {number}" for number in random.sample(range(99), 4)], 10)
file = await held_file(before)
report = await watch(lively, file.path, gains)
credited(report, file, before, gains)
### END HIDDEN TESTS

# %% [markdown] hints="xp"
# <details><summary>Hint 1: a question</summary>
#
# What waits for the website in the worked example, only the command or also the loop's thread? Which
# thread could wait instead?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 1, `xp_aiosqlite`, and part 2 for what must come after the update.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# `async with aiosqlite.connect(path, timeout=5) as db:`, the update with `await db.execute(...)`,
# then the select (`async with db.execute(...) as rows:`, `await rows.fetchone()`), and `await
# db.commit()` at the end. Let the database add (`points = points + ?`). If you read, add in Python and
# write, you lose what other calls wrote in between.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("xp")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Twelve connections are twelve threads. Do it with one connection for all, in one thread
# (`ThreadPoolExecutor(1)`). What did the second call wait for before, and what does it wait for now?
# Compare how long `lively` ran: the test prints it.
# </details>

# %% [markdown] exercise="pool" limit=0.1
# ---
# ## 2 · 200 commands, five connections
#
# The guild has grown, and the scores are in PostgreSQL now. 200 people use `!xp` at the same moment.
# Several bots use this database, and yours may open **at most five connections**.
#
# A `Scores` lives as long as the bot (`async with Scores(dsn) as scores`), and each command calls
# `scores.add(name, points)`, which runs the statement `ADD` below (with psycopg: `ADD_PSYCOPG`) and
# returns the new number of points.
#
# Open at most five connections in total, and use several of them: the server must see at least three
# statements at the same time. Every point must be in the table. Close in `__aexit__` what you have
# opened. Limit: hold the loop for less than **100 ms** at a time.

# %% setup="pool_statement"
# `ADD` is for asyncpg, `ADD_PSYCOPG` is the same for psycopg. `RETURNING points` makes the statement
# answer with the new points.
ADD = "UPDATE lab_xp SET points = points + $1 WHERE name = $2 RETURNING points"
ADD_PSYCOPG = "UPDATE lab_xp SET points = points + %s WHERE name = %s RETURNING points"

# %% answer="pool"
class Scores:
    """The scores of a guild, in PostgreSQL, over at most five connections."""

    def __init__(self, dsn):
        self.dsn = dsn

    async def __aenter__(self):
        """Prepare what all commands share; return self."""
        ### BEGIN SOLUTION
        self.pool = await asyncpg.create_pool(self.dsn, min_size=1, max_size=5)
        ### END SOLUTION
        return self

    async def __aexit__(self, *error):
        """Close what was opened."""
        ### BEGIN SOLUTION
        await self.pool.close()
        ### END SOLUTION

    async def add(self, name, points):
        """Run ADD with points and name; return how many points there are then."""
        ### BEGIN SOLUTION
        return await self.pool.fetchval(ADD, points, name)
        ### END SOLUTION

# %% setup="pool_evening" jupyter={"source_hidden": true}
async def crowded(address, dsn, gains):
    """All people use `!xp` at the same moment; return what each call of `add` returned.

    When `Scores` has closed, the test counts connections, while this loop goes on and `scores` is
    still referred to.
    """
    async with reached(address) as outside:
        async with Scores(dsn) as scores:
            now = await asyncio.gather(*(scores.add(name, points) for name, points in gains))
        await outside.ask("closed")
    return now


async def fill_table(before):
    """Put these points into the table; return how many connections have been counted already."""
    await servers.postgres.reset()  # first: it says so when the servers have ended
    db = await asyncpg.connect(servers.postgres.dsn)
    await db.execute("CREATE TABLE IF NOT EXISTS lab_xp (name TEXT PRIMARY KEY, points INT)")
    await db.execute("TRUNCATE lab_xp")
    await db.executemany("INSERT INTO lab_xp VALUES ($1, $2)", list(before.items()))
    await db.close()
    await asyncio.sleep(0.05)  # until the server has seen the end of it
    await servers.postgres.reset()
    await servers.postgres.slow(0.005)  # each answer takes the network 5 ms
    return servers.postgres.counters()["connections"]

# %% setup="pool_asked" jupyter={"source_hidden": true}
def well_asked(report, connections):
    """Raise WrongValue when the server was asked for too much."""
    kind, said, _ = report.error or ("", "", 0)
    what = str(report).rstrip(".")
    if kind in {"DataError", "PostgresSyntaxError"}:  # a pool that fails so opens more, too
        raise WrongValue(f"{what}. Check which of the two statements you need, and its arguments.")
    if "pool is not initialized" in said:
        raise WrongValue(f"{what}. Write `await` in front of `asyncpg.create_pool(...)`.")
    if "min_size is greater than max_size" in said:
        raise WrongValue(f"{what}. `min_size` is 10 by default, so give it, too: `min_size=1`.")
    # Too many for the server, which refuses one or drops one, or for the loop.
    if connections > 5 and (said or report.longest_block >= 0.1):
        raise WrongValue(f"{what}. You opened {connections} connections; the limit is 5.")
    if "another operation" in said:
        raise WrongValue(f"{what}. One connection runs one statement at a time.")
    starved = report.record.starved > report.seconds / 2  # then `report.value` leaves it open
    if said.startswith("did not") and report.longest_block < 0.1 and not starved:
        raise WrongValue(f"{what}. Give each connection back to the pool when it is not needed.")

# %% setup="pool_judged" jupyter={"source_hidden": true}
async def pooled(report, already, before, gains):
    """Raise WrongValue unless every point is there, over five connections that were in use."""
    seen = servers.postgres.counters()
    await servers.postgres.reset()
    well_asked(report, seen["connections"] - already)
    report.responsive(0.1)
    report.value  # raises when the call did
    db = await asyncpg.connect(servers.postgres.dsn)
    found = dict(await db.fetch("SELECT name, points FROM lab_xp"))
    await db.close()
    wanted = dict(before)
    for name, points in gains:
        wanted[name] += points
    same_points(found, wanted, "In the table")
    report.returned([wanted[name] for name, _ in gains])
    if seen["connections"] - already > 5:
        raise WrongValue(
            f"Every point is there, but the server saw {seen['connections'] - already} connections "
            f"for {len(gains)} commands; the limit is 5. Limit your pool, and let nothing else open "
            "connections."
        )
    if (peak := seen["peak_running"]) < 3:
        if report.late_by_machine > 0.1:
            raise Inconclusive("This machine was too busy to see statements side by side.")
        raise WrongValue(
            f"The server never saw more than {peak} statement(s) at the same time, and you may open "
            "five connections. Look for an `await` or a lock that makes one command wait for another."
        )

# %% test="pool_check" points=20
gains = [(f"guest {number}", random.randint(1, 99)) for number in range(200)]
before = {name: random.randint(10, 999) for name, _ in gains}
already = await fill_table(before)
async with kept(after := afterwards()) as address:
    report = await watch(crowded, address, servers.postgres.dsn, gains, timeout=7)
await pooled(report, already, before, gains)
well_closed(after)
### BEGIN HIDDEN TESTS
gains = [(f"stranger {number}", random.randint(-9, 99)) for number in range(random.randint(90, 120))]
before = {name: random.randint(10, 999) for name, _ in gains}
already = await fill_table(before)
async with kept(after := afterwards()) as address:
    report = await watch(crowded, address, servers.postgres.dsn, gains, timeout=7)
await pooled(report, already, before, gains)
well_closed(after)
### END HIDDEN TESTS
right(report, 20)

# %% [markdown] hints="pool"
# <details><summary>Hint 1: a question</summary>
#
# There are five connections and 200 commands. Where do the other 195 wait, and when do they go on?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 4, `with_pool`, and the `setup_hook` below it.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# `self.pool = await asyncpg.create_pool(self.dsn, min_size=1, max_size=5)`; `await
# self.pool.close()`; `return await self.pool.fetchval(ADD, points, name)`.
# </details>
# <details><summary>Hint 4: ten connections?</summary>
#
# `create_pool` makes ten connections by default. Give it `min_size` and `max_size`.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("pool")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Build the pool yourself: five connections in an `asyncio.Queue`. `get` lends one, `put_nowait`
# gives it back, in a `finally`. What would happen without the `finally`?
# </details>

# %% [markdown] exercise="stream" limit=0.1 stretch=true
# ---
# ## 3 · The long history *(stretch)*
#
# `!export` writes the guild's history to a file, one line per roll: `7,ada,6` (id, name, points), in
# the order of the ids. Each line ends with a newline, also the last one; there is no header. There
# are **120,000** rolls in the table `lab_rolls (id, name, points)`, and the bot has little memory.
# Short writes to this file on the loop are fine here.
#
# Write `export(dsn, path)`. It writes the file, and returns how many lines it has. Python's objects
# may take at most **5 MB** at any moment. (A list of all rows takes two to four times as much.) Limit:
# hold the loop for less than **100 ms** at a time.

# %% answer="stream"
async def export(dsn, path):
    """Write all rows of lab_rolls to the file at `path`; return the number of lines."""
    ### BEGIN SOLUTION
    connection, lines = await asyncpg.connect(dsn), 0
    try:
        with open(path, "w") as file:
            async with connection.transaction():
                rows = connection.cursor("SELECT * FROM lab_rolls ORDER BY id", prefetch=1000)
                async for number, name, points in rows:
                    file.write(f"{number},{name},{points}\n")
                    lines += 1
    finally:
        await connection.close()
    return lines
    ### END SOLUTION

# %% setup="stream_weighed" jupyter={"source_hidden": true}
async def weighed(dsn):
    """Call `export`; return its answer, facts about the file, and the most memory, in MB."""
    path = Path("history.csv")
    path.unlink(missing_ok=True)
    tracemalloc.start()
    try:
        said = await export(dsn, str(path))
        most = tracemalloc.get_traced_memory()[1] / 1e6  # 0 when the count was stopped
    finally:
        tracemalloc.stop()

    def look():
        content = path.read_bytes() if path.exists() else b""
        path.unlink(missing_ok=True)
        return content.count(b"\n"), content[:40].decode(), hashlib.sha256(content).hexdigest()

    return said, *await asyncio.to_thread(look), most


async def fill_history(rows):
    """Make a history of this many rolls; return the file that `export` should write."""
    shift = random.randint(0, 10**6)
    await servers.postgres.reset()  # first: it says so when the servers have ended
    db = await asyncpg.connect(servers.postgres.dsn)
    await db.execute(
        "DROP TABLE IF EXISTS lab_rolls; CREATE TABLE lab_rolls AS SELECT n AS id,"
        " (ARRAY['ada', 'bo', 'cy'])[1 + n % 3] AS name, 1 + n % 6 AS points"
        f" FROM generate_series({shift} + {rows}, {shift} + 1, -1) AS n"
    )
    await db.close()
    names, numbers = ("ada", "bo", "cy"), range(shift + 1, shift + rows + 1)
    return "".join(f"{n},{names[n % 3]},{1 + n % 6}\n" for n in numbers)

# %% setup="stream_judged" jupyter={"source_hidden": true}
def exported(report, history):
    """Raise WrongValue unless the file is the history, and was written in little memory."""
    if report.error is None and report.value[-1] > 5:
        raise WrongValue(
            f"Python's objects took up to {report.value[-1]:.1f} MB; the limit is 5 MB. Find the "
            "line that keeps all rows in memory."
        )
    report.responsive(0.1)
    said, lines, start, content, most = report.value
    if most == 0:
        raise WrongValue("`tracemalloc` was stopped, so the memory could not be measured.")
    wanted = history.count("\n")
    if lines != wanted:
        raise WrongValue(f"The file has {lines} lines; expected {wanted}, one per row of the table.")
    if content != hashlib.sha256(history.encode()).hexdigest():
        raise WrongValue(
            f"The file begins with {start!r}; expected {history[:40]!r}: id, name and points of "
            "each roll, in the order of the ids."
        )
    if (type(said), said) != (int, wanted):
        raise WrongValue(f"`export` returned {said!r}; the file has {wanted} lines.")

# %% test="stream_check" points=20
history = await fill_history(120_000)
report = await watch(weighed, servers.postgres.dsn, timeout=30)
exported(report, history)
### BEGIN HIDDEN TESTS
history = await fill_history(random.randint(20_000, 30_000))
report = await watch(weighed, servers.postgres.dsn, timeout=30)
exported(report, history)
### END HIDDEN TESTS
right(report, 20)

# %% [markdown] hints="stream"
# <details><summary>Hint 1: a question</summary>
#
# When you write one line, how many rows must be in memory?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 6, `in_portions`.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# A cursor needs a transaction: `async with connection.transaction():`, in it `async for row in
# connection.cursor("SELECT * FROM lab_rolls ORDER BY id", prefetch=1000):`, in it `file.write(...)`.
# Without `prefetch` it asks for 50 rows at a time, which also works, but takes longer.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("stream")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# PostgreSQL can write CSV itself: `connection.copy_from_query(..., output=path, format="csv")`. How
# much faster is it, and what do you give up?
# </details>

# %% [markdown]
# ---
# **Done?** Click **Validate** above this notebook, or run `python3 -m autograder check
# work/08_databases/08_databases.ipynb` in the course folder. Both run all tests, also the hidden
# ones, as your instructor would.
