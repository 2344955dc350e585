# The lesson of unit 09. Every figure in the text is either measured by the cell above it, or cited
# under "In practice". `build` makes notebooks/09_queues.ipynb of this file.

# %% [markdown]
# # 09 · Sell every sword only once
#
# *Who owns the state?*
#
# **You will** sell swords to a person with five fast fingers, count them, find the gap in the program,
# close it in three different ways, and keep a crowd at the door from burying your bot.
#
# **You learn**
# - where two commands of one bot can get into each other's way, and where they cannot;
# - how many locks a shop needs;
# - what a queue without an end does to an evening, and how to close a shop without losing orders.
#
# **You need** tasks and cancelling (unit 06) and a pool of database connections (unit 08). The
# lesson takes 30 to 40 minutes, the lab after it 30 to 45.

# %%
import asyncio
import time
from contextlib import suppress

import aiohttp
import asyncpg
import discord
import matplotlib.pyplot as plt
from discord.ext import commands

from autograder import predict, recall, show, watch, world

servers = await world.start("http")

# %% [markdown]
# First, three questions from earlier units. Put a letter in place of the question mark, run the
# cell, and read why.

# %%
recall("?", about="one-connection-one-query")

# %%
recall("?", about="retry-after")

# %%
recall("?", about="where-a-cancel-arrives")

# %% [markdown]
# ## 1 · ada buys a sword
#
# Everybody in #general has coins, and `!buy` buys a sword for 100 of them. The smith has a web page
# and takes 0.2 s to wrap a sword up.

# %%
SMITH = servers.http.url + "/sword"
await servers.http.plan(path="/sword", delay=0.2)
coins = {}


async def fetch(url):
    async with aiohttp.ClientSession() as session, session.get(url) as page:
        page.raise_for_status()
        return await page.json()


async def buy(ctx):
    name = ctx.author.name
    if coins[name] < 100:
        await ctx.send(f"{name}, you have only {coins[name]} coins")
        return
    await fetch(SMITH)  # wrap it up, please
    coins[name] -= 100
    await ctx.send(f"{name} has a sword, and {coins[name]} coins")

# %% [markdown]
# The folded cells have what you know from unit 03: `evening` opens a gateway, runs a real discord.py
# bot on it and lets people talk to it, and `tell` prints what was said.

# %% jupyter={"source_hidden": true}
def make_bot(*functions):
    """A discord.py bot with these functions as its commands; `!goodnight` sends it to bed."""
    bot = commands.Bot("!", intents=discord.Intents.all(), help_command=None)
    for function in functions:
        bot.command()(function)

    @bot.command()
    async def goodnight(ctx):
        await bot.close()

    return bot

# %% jupyter={"source_hidden": true}
async def evening(*functions, chat):
    """One evening in #general; `chat` lists (seconds after the line before, who, what)."""
    gw = await servers.gateway(heartbeat=0.2, grace=2)
    world.point(gw)

    async def bot_life():
        async with make_bot(*functions) as bot:
            await bot.start(gw.token)

    async def people():
        await gw.until(ready=1)
        for pause, who, line in chat:
            await asyncio.sleep(pause)
            await gw.say(line, author=who)

    await asyncio.gather(watch(bot_life), people())
    return gw


def tell(gw):
    """Print what people and the bot said, and when."""
    lines = [event for event in gw.log if event["event"] in ("say", "reply")]
    for event in lines:
        who = event["author"] if event["event"] == "say" else "bot"
        print(f"{event['t'] - lines[0]['t']:5.2f} s  {who:4} {event['content']}")

# %% [markdown]
# > **Predict.** ada has 100 coins and an impatient finger: five times `!buy`, one right after the
# > other. The bot runs on one thread. How many swords does she get?

# %%
predict("?", about="five-purchases")

# %% experiment="five-purchases"
coins["ada"] = 100
CHAT = [(0.02, "ada", "!buy")] * 5 + [(0.7, "ada", "!goodnight")]
gw = await evening(buy, chat=CHAT)
tell(gw)

# %%
predict(about="five-purchases")

# %% [markdown]
# Follow the first two tasks. The first looks: 100 coins, enough. It comes to `await fetch`, and steps
# aside. The second looks: still 100 coins, for nobody has taken any. It steps aside. And so all
# five stand in line at the smith's, each with the permission in its pocket.
#
# Between the **look** and the **change** lies an `await`. That is the gap, and through it come all
# the others. Without threads your program is safe *between two awaits*, and nowhere else.

# %% [markdown]
# ### Close the gap by having none
#
# The cheapest cure moves a line. Take the coins first, and give them back if the smith says no.

# %%
async def purchase(name):
    if coins[name] < 100:
        return "too poor"
    coins[name] -= 100  # nobody can come in between the look and this
    try:
        await fetch(SMITH)
    except aiohttp.ClientError:
        coins[name] += 100
        return "sold out"
    return "a sword"


async def rush(names):
    return await asyncio.gather(*(purchase(name) for name in names))

# %% [markdown]
# > **Predict.** Five purchases of ada at once, with these lines in this order. How many swords?

# %%
predict("?", about="without-a-gap")

# %% experiment="without-a-gap"
coins["ada"] = 100
report = await watch(rush, ["ada"] * 5)
print(report.value, "and", coins["ada"], "coins")

# %%
predict(about="without-a-gap")

# %% [markdown]
# When it can be done like this, do it like this: no lock, no queue, only an order of lines. It cannot
# always be done. If it is the smith who names the price, you must ask before you can take.

# %% [markdown]
# ## 2 · A lock
#
# `asyncio.Lock` lets one in at a time. Waiting for it is an `await`, so it holds nobody's loop. The
# first version has one lock for the whole shop, `till`:

# %%
async def purchase(name):
    async with till:
        if coins[name] < 100:
            return "too poor"
        await fetch(SMITH)
        coins[name] -= 100
        return "a sword"

# %% [markdown]
# > **Predict.** Five different people, each with enough coins, buy at the same moment. The smith
# > takes 0.2 s for a sword, and could wrap up many at once. When has the last one a sword?

# %%
predict("?", about="one-lock")

# %% experiment="one-lock"
till = asyncio.Lock()  # one for each run: a lock belongs to the loop on which it was used
PEOPLE = ["ada", "bo", "cy", "dee", "eve"]
coins |= dict.fromkeys(PEOPLE, 100)
report = await watch(rush, PEOPLE)
print(report.value, f"after {report.seconds:.2f} s")

# %%
predict(about="one-lock")

# %% [markdown]
# Correct, and slow: bo waits for ada, with whom he has nothing to do. On the evening on which the
# smith needs 5 s, your whole bot sells one sword every 5 s.
#
# "Then I make the lock inside, and each purchase has its own!"

# %%
async def purchase(name):
    async with asyncio.Lock():
        if coins[name] < 100:
            return "too poor"
        await fetch(SMITH)
        coins[name] -= 100
        return "a sword"

# %% [markdown]
# > **Predict.** ada has 100 coins again, and clicks five times. How many swords?

# %%
predict("?", about="lock-inside")

# %% experiment="lock-inside"
coins["ada"] = 100
report = await watch(rush, ["ada"] * 5)
print(report.value, "and", coins["ada"], "coins")

# %%
predict(about="lock-inside")

# %% [markdown]
# A lock keeps out those who come to *the same* lock. Here everybody brings a new one along, finds it
# open, and walks in. So how many locks should there be? As many as there are things that must not
# be touched by two at once.

# %% [markdown]
# ## 3 · A lock for each key
#
# What must not overlap are two purchases of the same *person*. The person is the **key**: in
# discord.py `ctx.author.id`. (Use the id and not the member: discord.py may drop a member from its
# cache and make a new object later, but the id stays.)

# %%
locks = {}


async def purchase(name, key):
    async with locks.setdefault(key, asyncio.Lock()):  # made when the key comes for the first time
        if coins[name] < 100:
            return "too poor"
        await fetch(f"{SMITH}/{name}")
        coins[name] -= 100
        return "a sword"


async def one_lock(names):
    return await asyncio.gather(*(purchase(name, "everybody") for name in names))


async def a_lock_each(names):
    return await asyncio.gather(*(purchase(name, name) for name in names))

# %% [markdown]
# Three people buy two swords each, and have the money for it. The web server writes down when each
# sword was being wrapped up; the folded cell draws it.

# %% jupyter={"source_hidden": true}
def timetable(logs):
    """Draw when the server was at work for whom, one panel for each log, and say it in words."""
    figure, panels = plt.subplots(1, len(logs), figsize=(8.8, 1.7), sharex=True, sharey=True)
    words = []
    for axes, (title, log) in zip(panels, logs.items(), strict=True):
        names = sorted({request["path"].split("/")[-1] for request in log})
        for request in log:
            row = names.index(request["path"].split("/")[-1])
            start = request["at"] - log[0]["at"]
            axes.barh(row, request["seconds"], left=start, color="0.65", edgecolor="black")
        axes.set(title=title, xlabel="seconds, as the server saw it")
        axes.set_yticks(range(len(names)), names)
        end = max(request["at"] + request["seconds"] for request in log) - log[0]["at"]
        words.append(f"{title}: {len(log)} requests, done after {end:.1f} s")
    panels[0].invert_yaxis()
    show(figure, f"Bars of requests, a row for each person. {'; '.join(words)}.")

# %% [markdown]
# > **Predict.** With one lock for everybody it takes six times 0.2 s. And with a lock for each?

# %%
predict("?", about="lock-each")

# %% experiment="lock-each"
seen = {}
for function in (one_lock, a_lock_each):
    await servers.http.reset()
    for name in PEOPLE:
        await servers.http.plan(path=f"/sword/{name}", delay=0.2)
    locks.clear()
    coins |= dict.fromkeys(PEOPLE, 200)
    await watch(function, ["ada", "ada", "bo", "bo", "cy", "cy"])
    seen[function.__name__] = await servers.http.log()
timetable(seen)

# %%
predict(about="lock-each")

# %% [markdown]
# In each row no two bars overlap, and the rows do not wait for one another. That is what we wanted:
# **one at a time, where it matters**.
#
# One thing is still wrong with it, and it takes months to show.

# %% [markdown]
# > **Predict.** A thousand people buy one sword each, and never come back. How many locks are there
# > in the dict afterwards?

# %%
predict("?", about="who-sweeps")

# %% experiment="who-sweeps"
async def a_year():
    async def guest(name):
        async with locks.setdefault(name, asyncio.Lock()):
            await asyncio.sleep(0)

    await asyncio.gather(*(guest(f"guest {number}") for number in range(1000)))
    return len(locks)


locks.clear()
(await watch(a_year)).value

# %%
predict(about="who-sweeps")

# %% [markdown]
# A dict of locks only grows, unless somebody takes locks out of it. When? Not when *you* are through
# the door: somebody may still stand in front of it, with this very lock in hand, and the next one
# who comes would make a second lock beside it. So put a **sign** on each door that says how many have
# it or want it: one up before the lock, one down after it (in a `finally`), and whoever takes it to
# zero takes the lock away. Looking and changing without an `await` in between, of course.
#
# **Change it.** Do that to `guest`. Afterwards the dict should be empty. (Exercise 1 of the lab is
# about it.)

# %% [markdown]
# ## 4 · Let the database own it
#
# Your locks live in your program. The bot's website does not know them, and after a restart they are
# all open. If the coins live in a database, the database can keep order, and for everybody.

# %%
postgres = (await world.start("postgres")).postgres


async def accounts(**balances):
    """Make the table of accounts anew."""
    db = await asyncpg.connect(postgres.dsn)
    await db.execute("DROP TABLE IF EXISTS accounts")
    await db.execute("CREATE TABLE accounts (name text PRIMARY KEY, balance integer)")
    await db.executemany("INSERT INTO accounts VALUES ($1, $2)", list(balances.items()))
    await db.close()

# %%
LOOK = "SELECT balance FROM accounts WHERE name = $1"
TAKE = "UPDATE accounts SET balance = balance - 100 WHERE name = $1"


async def purchase(pool, name, look):
    async with pool.acquire() as db, db.transaction():
        if await db.fetchval(look, name) < 100:
            return "too poor"
        await asyncio.sleep(0.1)  # the smith
        await db.execute(TAKE, name)
        return "a sword"


async def five_times(look):
    async with asyncpg.create_pool(postgres.dsn, min_size=5, max_size=5) as pool:
        return await asyncio.gather(*(purchase(pool, "ada", look) for _ in range(5)))

# %% [markdown]
# A **transaction** is a block of statements that all count, or none of them.
#
# > **Predict.** ada has 100 coins in the table, and five purchases begin at once, each in a
# > transaction of its own. How many swords?

# %%
predict("?", about="transactions")

# %% experiment="transactions"
for look in (LOOK, LOOK + " FOR UPDATE"):
    await accounts(ada=100)
    report = await watch(five_times, look)
    print(look)
    print(report.value)

# %%
predict(about="transactions")

# %% [markdown]
# A transaction keeps half a purchase from being written. It does not keep others from *looking*
# meanwhile. `FOR UPDATE` does: it locks the row until the end of the transaction, and a second one
# that wants it has to wait, wherever it comes from. It is a lock for each key, and the key is the
# row. (The other four waited at the row in an `await`, so nobody's loop was held.)
#
# When a single statement can look *and* change, there is no gap at all:

# %%
async def purchase(pool, name, change):
    return await pool.execute(change, name)  # says how many rows it has changed


await accounts(ada=100)
report = await watch(five_times, f"{TAKE} AND balance >= 100")
report.value

# %% [markdown]
# ### There and back
#
# To pay somebody, two rows must be locked. These two lock the payer's row first, then the other's.

# %%
async def pay(pool, giver, taker):
    async with pool.acquire() as db, db.transaction():
        await db.fetchval(LOOK + " FOR UPDATE", giver)
        await asyncio.sleep(0.05)
        await db.fetchval(LOOK + " FOR UPDATE", taker)
        return f"{giver} paid {taker}"


async def both_ways():
    async with asyncpg.create_pool(postgres.dsn, min_size=2) as pool:
        calls = pay(pool, "ada", "bo"), pay(pool, "bo", "ada")
        answers = await asyncio.gather(*calls, return_exceptions=True)
    return [str(answer).splitlines()[0] for answer in answers]

# %% [markdown]
# > **Predict.** ada pays bo, and in the same moment bo pays ada. How does it end?

# %%
predict("?", about="crossing")

# %% experiment="crossing"
await accounts(ada=100, bo=100)
report = await watch(both_ways)
print(*report.value, f"after {report.seconds:.1f} s", sep="\n")

# %%
predict(about="crossing")

# %% [markdown]
# ada's transaction has ada's row and wants bo's; bo's has bo's and wants ada's. Each waits for the
# other: a **deadlock**. After a second PostgreSQL looks whether there is one, and ends one of the
# two. (Two `asyncio.Lock`s would wait for ever, without a word.)
#
# The cure is a convention: whoever needs several locks takes them **in the same order**, say that
# of the alphabet. Then the second one waits at the first door, with nothing in hand.
#
# **Change it.** In `pay`, lock the two of `sorted([giver, taker])`, in this order.

# %% [markdown]
# ## 5 · The queue at the door
#
# `!draw` paints a picture. The painter has two easels and needs 0.1 s for a picture, so 20 a second
# are what it can do. Today #general is on fire: 50 people ask within one second.
#
# An `asyncio.Queue` stands between those who ask and the two workers. It takes everything
# (that is its size of 0), or it has a size and says no when it is full.

# %%
async def easel(queue, waited):
    while True:
        asked = await queue.get()
        await asyncio.sleep(0.1)  # paint
        waited.append(time.monotonic() - asked)
        queue.task_done()


async def meter(queue, depth):
    start = time.monotonic()
    while True:
        depth.append((time.monotonic() - start, queue.qsize()))
        await asyncio.sleep(0.02)

# %%
async def rush_hour(most):
    queue, waited, depth, refused = asyncio.Queue(most), [], [], 0
    jobs = easel(queue, waited), easel(queue, waited), meter(queue, depth)
    helpers = [asyncio.create_task(job) for job in jobs]
    for _ in range(50):
        try:
            queue.put_nowait(time.monotonic())
        except asyncio.QueueFull:
            refused += 1  # "too busy, try again later"
        await asyncio.sleep(0.02)
    await queue.join()  # until every item is done
    for helper in helpers:
        helper.cancel()
    return depth, waited, refused

# %% [markdown]
# > **Predict.** 50 in one second, 20 a second are served, and the queue has no size. How long does
# > the last one wait for a picture, and what does anybody notice before?

# %%
predict("?", about="burst")

# %% experiment="burst"
evenings = {}
for title, most in (("without a size", 0), ("a size of 6", 6)):
    depth, waited, refused = (await watch(rush_hour, most)).value
    evenings[title] = depth
    said = f"{len(waited)} got a picture, the slowest after {max(waited):.2f} s"
    print(f"{title}: {said}; {refused} were told to come back later")

# %%
predict(about="burst")

# %% jupyter={"source_hidden": true}
def depths(evenings):
    """How many stood in the queue, against time."""
    figure, axes = plt.subplots(figsize=(8, 2.6))
    words = []
    for (title, depth), line in zip(evenings.items(), ("-", "--"), strict=True):
        times, lengths = zip(*depth, strict=True)
        axes.step(times, lengths, f"k{line}", label=title, where="post")
        words.append(f"{title} at most {max(lengths)}, empty after {times[-1]:.1f} s")
    axes.axvspan(0, 1, facecolor="0.93")
    axes.text(0.02, max(axes.get_ylim()) * 0.9, "people ask")
    axes.set(xlabel="seconds", ylabel="waiting in the queue", xlim=(0, None), ylim=(0, None))
    axes.legend(loc="upper right")
    show(figure, f"How many waited in the queue: {'; '.join(words)}.")


depths(evenings)

# %% [markdown]
# The queue without a size refuses nobody and makes everybody wait, longer and longer, and there is
# no error that you could read in the morning. If the crowd does not stop after a second, the line
# does not come down again, and one day the memory is full.
#
# With a size somebody has to decide what happens when it is full. There are two answers: `put_nowait`
# and an honest "no" (people), or `await queue.put(...)`, which makes the one who asks wait (another
# program, which then stops sending). That is what *backpressure* means. Both keep what was promised:
# **accepted is answered, and soon**.

# %% [markdown]
# ## 6 · Closing time
#
# The bot is to restart. Eight orders were accepted, two easels are at work; after 0.25 s somebody
# rings the bell. The simplest way to end is to cancel the workers.

# %%
async def open_until_bell():
    queue, done = asyncio.Queue(), []

    async def easel():
        while True:
            order = await queue.get()
            await asyncio.sleep(0.1)
            done.append(order)
            queue.task_done()

    for number in range(8):
        queue.put_nowait(f"picture {number}")
    easels = [asyncio.create_task(easel()) for _ in range(2)]
    await asyncio.sleep(0.25)
    await close(queue, easels)
    return len(done), queue.qsize()


async def close(queue, easels):
    for easel in easels:
        easel.cancel()
    await asyncio.wait(easels)

# %% [markdown]
# > **Predict.** How many of the eight are painted?

# %%
predict("?", about="closing")

# %% experiment="closing"
done, left = (await watch(open_until_bell)).value
print(f"{done} painted, {left} left in the queue, {8 - done - left} in nobody's book")

# %%
predict(about="closing")

# %% [markdown]
# Two are still in the queue; one could at least write them down. The two that were *in the hands of
# a worker* are in no queue any more and in no list yet. Nobody complains: a queue that is thrown away
# full is no error.
#
# Closing time has three steps. **Shut the door** (accept nothing more). **Let them finish**:
# `queue.join()` waits until `task_done` was called as often as something was put in, and a timeout
# around it keeps the evening from lasting for ever. **Then send the workers home**, for they wait at
# an empty queue and would wait for ever.

# %%
async def close(queue, easels):
    # the door: in this little shop nobody asks any more
    with suppress(TimeoutError):
        async with asyncio.timeout(2):
            await queue.join()
    for easel in easels:
        easel.cancel()
    await asyncio.wait(easels)


done, left = (await watch(open_until_bell)).value
print(f"{done} painted, {left} left in the queue, {8 - done - left} in nobody's book")

# %% [markdown]
# What if two seconds are not enough? Then a worker that is cancelled must put down what it has in
# hand where somebody finds it: it can, in its `except asyncio.CancelledError`, before it raises
# again (unit 06, part 5).

# %% [markdown]
# ## In your bot
#
# **Search for** state that outlives an `await`, and for queues without a size. In the folder of
# your bot:
#
# ```
# grep -rnE "^[A-Za-z_]+ *(: *[^=]+)?= *(\{\}|\[\]|dict\(|set\(|defaultdict)" --include=*.py .
# grep -rnE "Queue\(\)|Lock\(\)" --include=*.py .
# ```
#
# Each hit of the first list is something that all commands share. Look at those who change it: is
# there an `await` between the `if` and the change? In the second list: a queue without a size, a
# lock that is made inside of a command, a lock that everybody shares.
#
# **Before and after**
#
# ```python
# @bot.command()
# async def daily(ctx):                                               # before
#     if ctx.author.id in paid_today: return
#     await add_coins(ctx.author.id, 100)
#     paid_today.add(ctx.author.id)
#
# @bot.command()
# async def daily(ctx):                                               # after
#     if ctx.author.id in paid_today: return
#     paid_today.add(ctx.author.id)
#     try:
#         await add_coins(ctx.author.id, 100)
#     except Exception:
#         paid_today.discard(ctx.author.id)  # no coins were paid: the day is free again
#         raise
# ```
#
# **One change for tonight.** discord.py has a lock for each person, for prefix commands and hybrid
# commands. Put it above the one command where people could gain something by typing fast:
#
# ```python
# @commands.max_concurrency(1, per=commands.BucketType.user, wait=True)
# ```
#
# With `wait=False` it says no instead: the command raises `MaxConcurrencyReached`.
#
# A slash command of `app_commands` and a button take this line without an error, and it does nothing
# there. For these use a lock for each person, as in part 3.

# %% [markdown]
# ## In practice
#
# <details><summary>The fine print, with sources</summary>
#
# - **Real bots had it**: python-discord/bot pull requests 835 and 1346 put locks around its help
#   channels and commands; Milo-bot issue 36 is about one lock for all that was too much. In
#   discord.py issue 10330 somebody asks for such a lock in the library.
# - **A lock belongs to one loop.** It binds itself to the loop on which somebody first waits for it;
#   used from another one it raises RuntimeError.
# - **Locks are fair**: those who wait get in in the order in which they came.
# - **Isolation levels.** What you have seen is PostgreSQL's default, READ COMMITTED. With
#   SERIALIZABLE the database refuses what could not have happened one after the other, and you must
#   try again (`SerializationError`).
# - **SQLite** has one lock for the whole file: `BEGIN IMMEDIATE` before you look.
# - **`deadlock_timeout`** is 1 s by default; until then a deadlock looks like a slow evening.
# - **`queue.shutdown()`** (Python 3.13) closes a queue: `put` raises QueueShutDown at once, `get` when
#   it is empty.
# - **Several processes** (shards of a large bot) share no lock of asyncio. There the database is the
#   place, or a row that only one can own.
#
# Sources: Python's documentation, *Synchronization primitives* and *Queues*; PostgreSQL's
# documentation, *Explicit locking* and *Transaction isolation*; discord.py 2.7.1,
# `ext/commands/core.py`; the issues named above.
# </details>

# %% [markdown]
# ## You have seen
#
# - Between a look and a change there must be no `await`, or a lock around both.
# - As many locks as there are keys; somebody must take them away again; several are taken in one
#   order. Where others write too, the database is the owner.
# - A queue needs a size, an answer for when it is full, and a closing time.
#
# **Next**: the lab of this unit. Then unit 10: the bot stands still again, and nobody knows who it
# was.
