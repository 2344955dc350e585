# The lesson of unit 08. Every figure in the text is either measured by the cell above it, or cited
# under "In practice". `build` makes notebooks/08_databases.ipynb of this file.

# %% [markdown]
# # 08 · Keep the score while the file is locked
#
# *Which database calls block?*
#
# **You will** write XP into a file while another program uses it, let 150 commands ask a real
# PostgreSQL at the same time, and read 200,000 rows, with only a thousand of them in memory at a time.
#
# **You learn**
# - what a file that another program holds does to your bot, and what aiosqlite does about it;
# - what five commands get out of one connection, and what a pool is;
# - what a transaction holds together, and what happens without one;
# - how to read a big table in the memory of a small one.
#
# **You need** tasks and `gather` (02), threads (05), and sessions with their limits (07). The
# databases are real and start by themselves; nothing leaves this machine.

# %%
import asyncio
import sqlite3
import tempfile
import time
import tracemalloc
from contextlib import closing

import aiosqlite
import asyncpg

from autograder import catalog, predict, recall, show, watch, world

servers = await world.start("sqlite", "postgres", "mysql")
print(servers.postgres.kind, "and", servers.mysql.kind)

# %% [markdown]
# The line above says which databases you have. If the second is called *stand-in*, MariaDB is not
# installed here, and a small program takes its place and speaks its protocol. Nothing graded depends
# on it.
#
# First, three questions from earlier units. Put a letter in place of each question mark, and run
# the cell again.

# %%
recall("?", about="one-session")

# %%
recall("?", about="resize-a-photo")

# %%
recall("?", about="dice-and-sorted")

# %% [markdown]
# ## 1 · A file that another program holds
#
# `!xp` gives a person five points, in a SQLite file. The guild's website uses the same file. SQLite
# lets **one writer in at a time**, and the others wait.
#
# `servers.sqlite(0.8, TABLES)` makes such a file. Another process, "the website", holds it for the
# next 0.8 s.

# %%
TABLES = """
CREATE TABLE xp (name TEXT PRIMARY KEY, points INTEGER);
INSERT INTO xp VALUES ('ada', 10), ('bo', 20), ('cy', 30);
"""
ADD = "UPDATE xp SET points = points + 5 WHERE name = ?"


async def xp_sqlite3():
    with closing(sqlite3.connect(file.path, timeout=5)) as db:
        db.execute(ADD, ("ada",))
        db.commit()


def judge(report):
    """The chart of a run, and what a grader would say of it."""
    try:
        display(report.responsive(0.1))
    except Exception as complaint:  # the check has shown the chart already
        print(complaint)

# %% [markdown]
# The disk is fast and the update is tiny. `timeout=5` says that we are ready to wait for 5 s; that
# is the default.
#
# > **Predict.** The website holds the file for 0.8 s. For how long is the loop held?

# %%
predict("?", about="somebody-holds-it")

# %% experiment="somebody-holds-it"
file = await servers.sqlite(0.8, TABLES)
judge(await watch(xp_sqlite3))

# %%
predict(about="somebody-holds-it")

# %% [markdown]
# There is no network here, and no `sleep` of ours. SQLite sleeps *inside* `execute`, on the loop's
# thread. While you test your bot at home, no other program holds the file, and this line takes a
# millisecond. aiosqlite has the same calls, and you await them:

# %%
async def xp_aiosqlite():
    async with aiosqlite.connect(file.path, timeout=5) as db:
        await db.execute(ADD, ("ada",))
        await db.commit()


file = await servers.sqlite(0.8, TABLES)
judge(await watch(xp_aiosqlite))

# %% [markdown]
# It waits just as long, but it does not hold the loop. aiosqlite sends every call to a **thread**
# that belongs to the connection, and awaits it. It is `asyncio.to_thread` (unit 05) in a form that
# is easy to read.
#
# What happens when the website takes more or less time?

# %%
LOCKED = (0.1, 0.3, 0.5, 0.7)
held = {"sqlite3": [], "aiosqlite": []}
for seconds in LOCKED:
    for name, command in (("sqlite3", xp_sqlite3), ("aiosqlite", xp_aiosqlite)):
        file = await servers.sqlite(seconds, TABLES)
        held[name].append((await watch(command)).longest_block)

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt


def lines(held):
    """How long the loop was held, against how long the file was locked."""
    figure, axes = plt.subplots(figsize=(8, 2.8))
    for mark, (name, blocks) in zip("Xo", held.items(), strict=True):
        axes.plot(LOCKED, blocks, "-", marker=mark, color="black", markersize=8)
        axes.text(LOCKED[-1] + 0.02, blocks[-1], f"{name}: {blocks[-1] * 1000:.0f} ms", va="center")
    axes.axhline(0.1, color="black", linestyle=":")
    axes.set(xlabel="seconds for which the file is locked", ylabel="seconds the loop is held")
    axes.set(xlim=(0.05, 0.95))
    words = [f"{name} {blocks[-1] * 1000:.0f} ms" for name, blocks in held.items()]
    show(figure, f"Loop held, file locked for {LOCKED[-1]} s: {', '.join(words)}.")


lines(held)

# %% [markdown]
# The dotted line is our limit. Only one of the two stays below it.
#
# **Change it.** Give `sqlite3.connect` a `timeout=0.05`. Is that a cure? (Look at what ada gets.)

# %% [markdown]
# ## 2 · Five points for bo
#
# bo gets his five points, and the command tells him how many he has now.

# %%
async def xp_forgetful():
    async with aiosqlite.connect(file.path) as db:
        await db.execute(ADD, ("bo",))
        async with db.execute("SELECT points FROM xp WHERE name = 'bo'") as rows:
            return (await rows.fetchone())[0]


def in_the_file(name):
    """What another program finds in the file."""
    with closing(sqlite3.connect(file.path)) as db:
        return db.execute("SELECT points FROM xp WHERE name = ?", (name,)).fetchone()[0]

# %% [markdown]
# bo had 20 points. No error is raised.
#
# > **Predict.** What does the command say, and what is in the file afterwards?

# %%
predict("?", about="who-sees-it")

# %% experiment="who-sees-it"
await file.release()
report = await watch(xp_forgetful)
print("the command says", report.value, "and the file says", in_the_file("bo"))

# %%
predict(about="who-sees-it")

# %% [markdown]
# In sqlite3 and aiosqlite an update opens a **transaction**: a group of changes that all count, or
# none of them. Until `await db.commit()` only your own connection sees what happens in it. Without
# the commit, it is rolled back (undone) when the connection is closed.
#
# While it is open, *you* are the website of part 1: everyone else who writes must wait for you. So
# commit immediately, and never await anything slow between the update and the commit.

# %% [markdown]
# ## 3 · Five on one connection
#
# Now a real server, PostgreSQL, and asyncpg, a library that speaks its protocol on the loop itself,
# without threads. The bot has *one* connection. Five people use `!top` at the same time, a query
# that takes the server 0.2 s.

# %%
DSN = servers.postgres.dsn  # the address of the server, with user, password and database
TOP = "SELECT 'ada' FROM pg_sleep(0.2)"  # some work for the server


async def one_for_all():
    connection = await asyncpg.connect(DSN)
    tops = [connection.fetchval(TOP) for _ in range(5)]
    answers = await asyncio.gather(*tops, return_exceptions=True)
    await connection.close()
    return [str(answer) for answer in answers]

# %% [markdown]
# > **Predict.** How long until the five have their answers?

# %%
predict("?", about="five-on-one")

# %% experiment="five-on-one"
report = await watch(one_for_all)
print(*report.value, f"({report.seconds:.1f} s)", sep="\n")

# %%
predict(about="five-on-one")

# %% [markdown]
# One got through, and four got an error. A connection is a conversation: a question, its answer,
# the next question. asyncpg tells you so. Other libraries queue the questions and say nothing. Here
# is aiosqlite with one connection and five queries of 0.1 s each. (SQLite can call a Python function,
# so our query calls `time.sleep`.)

# %%
async def queue_in_silence():
    async with aiosqlite.connect(":memory:") as db:
        await db.create_function("nap", 1, time.sleep)
        await asyncio.gather(*(db.execute_fetchall("SELECT nap(0.1)") for _ in range(5)))


report = await watch(queue_in_silence)
print(f"{report.seconds:.2f} s, longest block {report.longest_block * 1000:.0f} ms")

# %% [markdown]
# The loop is free, and still the last query waits for all the others. **Async keeps the loop free.
# Queries at the same time need several connections.**
#
# ### SQLite: one connection for the bot, or one per command?
#
# | | one for the bot | one per command |
# |---|---|---|
# | made | once, in `setup_hook` | each time: a thread and an open file |
# | five commands | wait in the queue of its thread | each waits for the lock of the file |
# | a transaction | all commands share it: the commit of one also commits half of another's change | each command has its own |
#
# So take one connection for the bot if each change is one statement and a commit. For a change of
# several statements, open a connection for it. And let readers read while another program writes: set
# `journal_mode=WAL` (*write-ahead log*: changes go into a second file first), once per file. Here the
# website is only a second connection in this program. It holds the file for itself for 0.4 s (`BEGIN
# EXCLUSIVE`, as during a commit), and the bot reads:

# %%
async def read_beside_a_writer(mode):
    """The seconds that a read takes while the website holds the file for itself, for 0.4 s."""
    path = f"{tempfile.mkdtemp()}/xp.db"
    # With isolation_level=None, sqlite3 begins no transaction by itself.
    with closing(sqlite3.connect(path, isolation_level=None)) as website:
        website.executescript(f"PRAGMA journal_mode={mode}; {TABLES}")
        website.execute("BEGIN EXCLUSIVE")
        # After 0.4 s the loop ends the website's transaction.
        end = asyncio.get_running_loop().call_later(0.4, website.execute, "COMMIT")
        began = time.monotonic()
        async with aiosqlite.connect(path) as db:
            await db.execute_fetchall("SELECT points FROM xp")
        end.cancel()
        return time.monotonic() - began

# %%
for mode in ("DELETE", "WAL"):
    report = await watch(read_beside_a_writer, mode)
    print(f"journal_mode={mode:6} the read took {report.value:.2f} s")
    if report.noise > 0.1:
        print(f"(Other programs took {report.noise:.2f} s of this time.)")

# %% [markdown]
# With `DELETE`, the default, the read waits while the writer writes its change to the file. With `WAL`
# it does not. Two writers still wait for each other.
#
# Put values into SQL with placeholders: `?` in SQLite, `$1` in asyncpg, `%s` in psycopg (PostgreSQL)
# and aiomysql (MariaDB), see part 7. Never put a value from a user into an f-string, because then the
# user's text becomes part of the statement.

# %% [markdown]
# ## 4 · A pool
#
# So should each command connect to PostgreSQL? On raid night 150 people use `!top` at the same time.

# %%
async def one_each():
    async def top():
        connection = await asyncpg.connect(DSN)
        try:
            return await connection.fetchval(TOP)
        finally:
            await connection.close()

    answers = await asyncio.gather(*(top() for _ in range(150)), return_exceptions=True)
    return [str(answer) for answer in answers]

# %% [markdown]
# > **Predict.** What do the 150 people get?

# %%
predict("?", about="150-commands")

# %% experiment="150-commands"
answers = (await watch(one_each)).value
answered = answers.count("ada")
print(answered, "have an answer;", 150 - answered, "have an error:")
print(*sorted(set(answers) - {"ada"}), sep="\n")

# %%
predict(about="150-commands")

# %% [markdown]
# For PostgreSQL each connection is a *process*, so it limits their number: 100 here, as by default.
# And to make one takes longer than most queries.
#
# A **pool** keeps some connections open, as the session of unit 07 does. It lends one to each
# command that needs it, and the other commands wait *in an `await`*:

# %%
async def with_pool(size, commands=40):
    """Run commands of 0.05 s through a pool of this size; return the seconds that they took."""

    async def evening():
        async with asyncpg.create_pool(DSN, min_size=size, max_size=size) as pool:
            began = time.monotonic()
            tops = (pool.fetchval("SELECT 'ada' FROM pg_sleep(0.05)") for _ in range(commands))
            await asyncio.gather(*tops)
            return time.monotonic() - began

    return (await watch(evening)).value

# %% [markdown]
# > **Predict.** 40 commands at the same time, 0.05 s each, through a pool of five. How long until
# > all have their answer?

# %%
predict("?", about="forty-through-five")

# %% experiment="forty-through-five"
took = {size: await with_pool(size) for size in (1, 2, 5, 10, 20)}
print(f"A pool of five: {took[5]:.2f} s")

# %%
predict(about="forty-through-five")

# %% jupyter={"source_hidden": true}
def pools(took):
    """Commands per second against the size of the pool."""
    figure, axes = plt.subplots(figsize=(8, 2.8))
    sizes = [str(size) for size in took]
    rates = [40 / seconds for seconds in took.values()]
    bars = axes.bar(sizes, rates, 0.6, color="0.8", edgecolor="black")
    axes.bar_label(bars, [f"{rate:.0f}" for rate in rates])
    axes.set(xlabel="connections in the pool", ylabel="commands per second", ylim=(0, 1.15 * max(rates)))
    words = [f"{rate:.0f} with {size}" for size, rate in zip(sizes, rates, strict=True)]
    show(figure, f"Commands per second by connections in the pool: {', '.join(words)}.")


pools(took)

# %% [markdown]
# Twice as many connections serve twice as many commands, as long as the server only *waits*, as in
# `pg_sleep`. Real queries need its processors, and then a few connections per processor are the
# best. Five to ten are enough for most bots.
#
# In the bot, make the pool once, where you make the session:
#
# ```python
# async def setup_hook(self):
#     self.pool = await asyncpg.create_pool(DSN, min_size=1, max_size=5)
# ```
#
# Use it as `await bot.pool.fetchval(...)`, or, for more than one statement, `async with
# bot.pool.acquire() as connection:`.

# %% [markdown]
# ## 5 · A gift, and the network
#
# `!give bo 10`: ada gives ten points to bo. There are two statements, and between them the network
# fails.

# %%
async def give(pool):
    await pool.execute("UPDATE coins SET points = points - 10 WHERE name = 'ada'")
    raise ConnectionError("the network is gone")  # before bo got anything


async def give_whole(pool):
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("UPDATE coins SET points = points - 10 WHERE name = 'ada'")
        raise ConnectionError("the network is gone")

# %%
async def points_after(command):
    """The sum of all points after the command; it was 100 before."""
    async with asyncpg.create_pool(DSN, min_size=1, max_size=5) as pool:
        await pool.execute(
            "DROP TABLE IF EXISTS coins; CREATE TABLE coins (name TEXT, points INT);"
            "INSERT INTO coins VALUES ('ada', 50), ('bo', 50)"
        )
        try:
            await command(pool)
        except ConnectionError as error:
            print(f"{command.__name__}: {error};", end=" ")
        return await pool.fetchval("SELECT sum(points) FROM coins")

# %% [markdown]
# > **Predict.** There were 100 points. How many are there afterwards, with `give`, and with
# > `give_whole`?

# %%
predict("?", about="ten-for-bo")

# %% experiment="ten-for-bo"
for command in (give, give_whole):
    print(await points_after(command), "points")

# %%
predict(about="ten-for-bo")

# %% [markdown]
# With asyncpg each statement is a transaction of its own, which is committed immediately. (So you
# cannot forget the commit, as you can with aiosqlite.) Put statements that belong together into one
# `async with connection.transaction()`, on **one** connection. Two calls of `pool.execute` may use
# two connections.
#
# When you add points, do not do it in three steps (`SELECT`, add in Python, `UPDATE`). Another command
# may add points in between, and one of the two changes is lost. `SET points = points + 5` lets the
# database do it in one step. Unit 09 is about that gap.

# %% [markdown]
# ## 6 · 200,000 rows
#
# `!export` sends the guild's history as a file: every roll of all time.

# %%
setup = await asyncpg.connect(DSN)
await setup.execute(
    "DROP TABLE IF EXISTS rolls; CREATE TABLE rolls AS SELECT n AS id,"
    " (ARRAY['ada', 'bo', 'cy'])[1 + n % 3] AS name, 1 + n % 6 AS points"
    " FROM generate_series(1, 200000) AS n"
)
await setup.close()
ALL = "SELECT id, name, points FROM rolls"

# %%
async def all_at_once():
    connection = await asyncpg.connect(DSN)
    total = sum(row["points"] for row in await connection.fetch(ALL))
    await connection.close()
    return total


async def in_portions():
    connection, total = await asyncpg.connect(DSN), 0
    async with connection.transaction():
        async for row in connection.cursor(ALL, prefetch=1000):
            total += row["points"]
    await connection.close()
    return total

# %% [markdown]
# `fetch` returns a list. A *cursor* brings the rows as you ask for them, a thousand at a time. The next
# run measures for each of the two how much memory Python's objects take at most.
#
# > **Predict.** How much memory do the two need at their peak?

# %%
predict("?", about="how-much-room")

# %% experiment="how-much-room"
async def weighed(command):
    """The most memory that a command took, in MB."""

    async def run():
        tracemalloc.start()
        try:
            await command()
            return tracemalloc.get_traced_memory()[1] / 1e6
        finally:
            tracemalloc.stop()

    return (await watch(run, timeout=30)).value  # it takes longer because of the measuring


weights = {command.__name__: await weighed(command) for command in (all_at_once, in_portions)}
for name, megabytes in weights.items():
    print(f"{name:12} {megabytes:5.1f} MB")

# %%
predict(about="how-much-room")

# %% [markdown]
# A small server has a few hundred megabytes for everything. With a table ten times as long, and a few
# people who use `!export` at the same time, the operating system ends your bot, and the bot's log
# says nothing.
#
# Every library has the second way: asyncpg and psycopg have cursors on the server, aiomysql has
# `SSCursor`. With aiosqlite you write `async with db.execute(...) as rows:`, and in it `async for row
# in rows:`. A call that returns a list (`fetchall`, or asyncpg's `fetch`) loads all rows into memory.

# %% [markdown]
# ## 7 · So which one?
#
# Here aiomysql and the blocking library that it replaces, its *twin*, do the same slow query, on
# MariaDB or its stand-in:

# %%
print(servers.mysql.kind)
await catalog.compare("aiomysql")

# %% [markdown]
# And this is what the catalog of the course knows about all of them, with the day on which we
# looked:

# %%
for name in ("asyncpg", "psycopg", "aiomysql", "asyncmy", "aiosqlite"):
    card = catalog.find(name)
    print(f"{name:10} {card.purpose}; instead of {card.twin}")
    print(f"{'':10} {card.status} (seen {card.seen})\n")

# %% [markdown]
# Be careful with psycopg: `psycopg.connect` blocks and `psycopg.AsyncConnection.connect` does not. After
# that the methods have the same names (`execute`, `commit`), so only the `connect` and the `await` show
# which half you have. httpx had two such halves, too.

# %% [markdown]
# ## In your bot
#
# **Search for** blocking drivers, for connections to a server that are made in commands, and for calls
# that load all rows (part 6):
#
# ```
# grep -rnE "sqlite3\.connect|psycopg2|psycopg\.connect|pymysql|create_engine\(" --include="*.py" .
# grep -rnE "(asyncpg|aiomysql)\.connect|\.fetch\(|fetchall\(" --include="*.py" .
# ```
#
# **Before and after**
#
# ```python
# @bot.command()
# async def xp(ctx):                                                    # before
#     db = sqlite3.connect("bot.db")
#     db.execute("UPDATE xp SET points = points + 5 WHERE id = ?", (ctx.author.id,))
#     db.commit()
#
# class MyBot(commands.Bot):                                            # after
#     db = None
#
#     async def setup_hook(self):
#         self.db = await aiosqlite.connect("bot.db")
#         await self.db.execute("PRAGMA journal_mode=WAL")
#
#     async def close(self):
#         if self.db:  # with a wrong token, `close` runs without `setup_hook`
#             await self.db.close()
#         await super().close()
#
# @bot.command()
# async def xp(ctx):
#     await bot.db.execute("UPDATE xp SET points = points + 5 WHERE id = ?", (ctx.author.id,))
#     await bot.db.commit()
#     await ctx.send("five points for you")
# ```
#
# For a database server, make a pool in `setup_hook` and close it in `close` (part 4).
#
# **One change for tonight**: put `began = time.monotonic()` before the most used database call of your
# bot, and `print(time.monotonic() - began)` after it. Tomorrow look at the *largest* number.

# %% [markdown]
# ## In practice
#
# <details><summary>The fine print, with sources</summary>
#
# - **WAL** is kept in the file, so one program sets it once for all. It wants a local disk
#   (sqlite.org, *Write-Ahead Logging*).
# - **`timeout`** of `sqlite3.connect` and `aiosqlite.connect` is 5 s; then comes *database is
#   locked*. SQLite has no queue: each writer sleeps and tries again, so the order is not fixed.
# - **aiosqlite** has one thread and one queue for each connection. Ten connections are ten threads.
# - **asyncpg's pool** has 10 connections unless you tell it otherwise, and opens `min_size` of them
#   immediately.
# - **Behind PgBouncer in transaction mode** asyncpg's prepared statements get lost, unless
#   PgBouncer keeps track of them: since version 1.21 with `max_prepared_statements`, since 1.24 by
#   default. For an older one set `statement_cache_size=0` (asyncpg's FAQ). That alone did not
#   always help before asyncpg 0.29 (issue 1058).
# - **To connect costs CPU time, too**: a password that is checked in the modern way (SCRAM, 4096
#   rounds) holds the loop for about 10 ms at each connect before asyncpg 0.32, and for about 1 ms since
#   then. The course's PostgreSQL leaves that out; yours should not.
# - **aiomysql** fills in `%s` on the client's side, and wants `autocommit=True` or a commit.
# - **A library that maps tables to classes (an ORM, such as SQLAlchemy) can block, too.** Its
#   synchronous `Session` in a handler blocks like the driver below it. Its asyncio half needs an async
#   driver (`postgresql+asyncpg`), and there an attribute that would be loaded lazily raises
#   MissingGreenlet: load it with the query, or await it by `awaitable_attrs`.
# - **A hundred connections** is PostgreSQL's default for `max_connections`; some are reserved for
#   administrators.
#
# </details>

# %% [markdown]
# ## You have seen
#
# - A local file blocks as a slow page does, because the call waits for the lock. aiosqlite waits in
#   a thread, asyncpg and aiomysql on the loop.
# - One connection runs one query at a time. A pool keeps a few connections, and callers wait for a
#   free one in an `await`.
# - Commit what is done, put what belongs together into one transaction, and read long results in
#   portions.
#
# **Next**: the lab, with a locked file, a PostgreSQL that counts connections, and a history that is
# too long. Then unit 09: the database is now correct, but two commands at the same time can still
# spend the same coin twice.
