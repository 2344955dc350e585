# The lesson of unit 09. Every figure in the text is either measured by the cell above it, or cited
# under "In practice". `build` makes notebooks/09_queues.ipynb of this file.

# %% [markdown]
# # 09 · Sell every sword only once
#
# *What can change while you wait?*
#
# **You will** sell swords to a person who buys five times, find the gap in the program, close it in
# three ways, let two people click on one button, and protect your bot from a crowd.
#
# **You learn**
# - where two commands of one bot can disturb each other, and where they cannot;
# - how many locks a shop needs, and what a button does with two clicks at the same moment;
# - what happens if a queue has no limit, and how to close a shop without losing orders.
#
# **You need** `defer` (unit 03), tasks and cancelling (unit 06), and a pool of database connections
# (unit 08).

# %%
import asyncio
import time
from contextlib import suppress

import aiohttp
import asyncpg
import discord
import matplotlib.pyplot as plt

from autograder import predict, recall, show, watch, world
from autograder.lessons import evening, make_bot, tell

servers = await world.start("http")

# %% [markdown]
# First, three questions from earlier units. Put a letter in place of the question mark, run the
# cell, and read why.

# %%
recall("?", about="ten-queries")

# %%
recall("?", about="retry-after")

# %%
recall("?", about="where-a-cancel-arrives")

# %% [markdown]
# ## 1 · ada buys a sword
#
# Everyone in #general has coins, and `!buy` buys a sword for 100 of them. The smith has a web page
# that takes 0.2 s.

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
    await fetch(SMITH)  # order the sword
    coins[name] -= 100
    await ctx.send(f"{name} has a sword, and {coins[name]} coins")

# %% [markdown]
# `make_bot`, `evening` and `tell` are those of unit 04: a real discord.py bot on a gateway, people who
# talk to it, and a print of what was said.
#
# > **Predict.** ada has 100 coins and writes `!buy` five times, one directly after the other. The bot
# > runs on one thread. How many swords does she get?

# %%
predict("?", about="buy-five-times")

# %% experiment="buy-five-times"
coins["ada"] = 100
# Here `evening` takes a list of lines: (seconds after the line before, who, what).
CHAT = [(0.02, "ada", "!buy")] * 5 + [(0.7, "ada", "!goodnight")]
gw, report = await evening(make_bot(buy), CHAT)
tell(gw)

# %%
predict(about="buy-five-times")

# %% [markdown]
# Follow the first two tasks. The first looks: 100 coins, enough. It comes to `await fetch`, and waits.
# The second looks: still 100 coins, because no task has taken any. It waits, too. So all five wait for
# the smith, and each of them has found enough coins.
#
# Between the **look** and the **change** there is an `await`. That is the gap, and the other tasks run
# in it. Without threads, other tasks can run only at an `await` (also at `async with` and `async for`).
# Lines without one in between are safe.

# %% [markdown]
# ### No `await` between the look and the change
#
# The easiest cure moves one line. Take the coins first, and give them back if the smith says no. Here
# are ada's five purchases again, without Discord:

# %%
async def purchase(name):
    if coins[name] < 100:
        return "too poor"
    coins[name] -= 100  # no other task can run between the look and this line
    try:
        await fetch(SMITH)
    except (aiohttp.ClientError, TimeoutError):
        coins[name] += 100
        return "sold out"
    return "a sword"


async def rush(names):
    return await asyncio.gather(*(purchase(name) for name in names))


coins["ada"] = 100
report = await watch(rush, ["ada"] * 5)
print(report.value, "and", coins["ada"], "coins")

# %% [markdown]
# ada gets one sword: the second purchase already finds 0 coins. If you can, do it like this: it needs
# no lock, only another order of the lines. But you cannot always do it. If the smith names the price,
# you must ask before you can take the coins.

# %% [markdown]
# ## 2 · How many locks?
#
# Only one task at a time can have an `asyncio.Lock`. The others wait in an `await`, so they do not hold
# the loop. Here is a purchase inside a lock. There are three ways to choose the lock: one for the whole
# shop, one for each call, or one for each person. (In a bot, use `ctx.author.id` as the key: it is
# small, and keeps no member object in memory.)

# %%
locks = {}


async def purchase_in_lock(name, lock):
    async with lock:
        if coins[name] < 100:
            return "too poor"
        await fetch(f"{SMITH}/{name}")
        coins[name] -= 100
        return "a sword"


# %%
async def one_for_all(names):
    shop_lock = asyncio.Lock()  # made here, because a lock works on one loop only
    return await asyncio.gather(*(purchase_in_lock(name, shop_lock) for name in names))


async def one_a_call(names):
    return await asyncio.gather(*(purchase_in_lock(name, asyncio.Lock()) for name in names))


async def one_a_person(names):
    return await asyncio.gather(
        *(purchase_in_lock(name, locks.setdefault(name, asyncio.Lock())) for name in names)
    )


# %% [markdown]
# > **Predict.** ada has 100 coins and buys five times, with `one_a_call`. How many swords does she get?

# %%
predict("?", about="lock-inside")

# %% experiment="lock-inside"
for name in ("ada", "bo", "cy"):
    await servers.http.plan(path=f"/sword/{name}", delay=0.2)
coins["ada"] = 100
report = await watch(one_a_call, ["ada"] * 5)
print(report.value, "and", coins["ada"], "coins")

# %%
predict(about="lock-inside")

# %% [markdown]
# A lock keeps out only those tasks that use *the same* lock. Now the other two ways: ada, bo and cy buy
# two swords each, and have enough coins. The web server writes down when it worked on each sword, and
# the folded cell draws that.

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

# %%
seen = {}
for function in (one_for_all, one_a_person):
    locks.clear()
    await servers.http.reset()
    for name in ("ada", "bo", "cy"):
        coins[name] = 200
        await servers.http.plan(path=f"/sword/{name}", delay=0.2)
    await watch(function, ["ada", "ada", "bo", "bo", "cy", "cy"])
    seen[function.__name__] = await servers.http.log()
timetable(seen)

# %% [markdown]
# With one lock for all, bo waits for ada without need, and all six purchases take six times 0.2 s. If
# the smith needs 5 s, your whole bot sells one sword every 5 s. With a lock for each person, no two bars
# of a row overlap, and the rows do not wait for one another. So use one lock for each thing that two
# tasks must not change at the same time. This thing is called the **key**; here it is the person.

# %% [markdown]
# > **Predict.** A thousand people buy one sword each, and never come back. How many locks are there
# > in the dict afterwards?

# %%
predict("?", about="thousand-guests")

# %% experiment="thousand-guests"
async def a_year():
    async def guest(name):
        async with locks.setdefault(name, asyncio.Lock()):
            await asyncio.sleep(0)

    await asyncio.gather(*(guest(f"guest {number}") for number in range(1000)))
    return len(locks)


locks.clear()
(await watch(a_year)).value

# %%
predict(about="thousand-guests")

# %% [markdown]
# A dict of locks only grows, unless you remove locks from it. You notice that only after months. But a
# task must not simply remove its lock at its end: another task may still wait for this lock, and the next
# task would make a second one for the same person. So **count** for each lock how many tasks have it or
# wait for it. Add one before the lock, and subtract one after it (in a `finally`). The task that comes to
# zero removes the lock. Put no `await` between looking into the dict and changing it.
#
# **Change it.** Do that to `guest`. Afterwards the dict should be empty. (Exercise 1 of the lab is
# about it.)

# %% [markdown]
# ## 3 · Let the database do it
#
# Your locks are in your program. The bot's website does not know them, and a restart forgets them. If
# the coins are in a database, the database can lock them for all programs.

# %%
postgres = (await world.start("postgres")).postgres


async def accounts(**balances):
    """Make the table of accounts again, with these balances."""
    db = await asyncpg.connect(postgres.dsn)
    await db.execute("DROP TABLE IF EXISTS accounts")
    await db.execute("CREATE TABLE accounts (name text PRIMARY KEY, balance integer)")
    await db.executemany("INSERT INTO accounts VALUES ($1, $2)", list(balances.items()))
    await db.close()

# %%
LOOK = "SELECT balance FROM accounts WHERE name = $1"
TAKE = "UPDATE accounts SET balance = balance - 100 WHERE name = $1"


async def purchase_row(pool, name, look):
    async with pool.acquire() as db, db.transaction():
        if await db.fetchval(look, name) < 100:
            return "too poor"
        await asyncio.sleep(0.1)  # the smith
        await db.execute(TAKE, name)
        return "a sword"


async def five_times(look):
    async with asyncpg.create_pool(postgres.dsn, min_size=5, max_size=5) as pool:
        return await asyncio.gather(*(purchase_row(pool, "ada", look) for _ in range(5)))

# %% [markdown]
# A **transaction** is a block of statements that all count, or none of them.
#
# > **Predict.** ada has 100 coins in the table, and five purchases begin at the same time, each in a
# > transaction of its own. How many swords does she get?

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
# Because of the transaction, half a purchase is never written. But during that time other purchases can
# still *look*. `FOR UPDATE` prevents this: it locks the row until the end of the transaction. Another
# purchase that wants to lock this row waits, in an `await`. So it is a lock for each key, and the key is
# the row.
#
# If a single statement can look *and* change, there is no gap at all:

# %%
async def five_in_one(statement):
    async with asyncpg.create_pool(postgres.dsn, min_size=5, max_size=5) as pool:
        purchases = [pool.execute(statement, "ada") for _ in range(5)]
        return await asyncio.gather(*purchases)  # each says how many rows it has changed


await accounts(ada=100)
report = await watch(five_in_one, f"{TAKE} AND balance >= 100")
report.value

# %% [markdown]
# ### There and back
#
# To pay another person, the bot must lock two rows. `pay` locks the payer's row first, then the other
# row.

# %%
GIVE = "UPDATE accounts SET balance = balance + 100 WHERE name = $1"


async def pay(pool, giver, taker):
    async with pool.acquire() as db, db.transaction():
        await db.fetchval(LOOK + " FOR UPDATE", giver)
        await asyncio.sleep(0.05)
        await db.fetchval(LOOK + " FOR UPDATE", taker)
        await db.execute(TAKE, giver)
        await db.execute(GIVE, taker)
        return f"{giver} paid {taker}"


async def both_ways():
    async with asyncpg.create_pool(postgres.dsn, min_size=2) as pool:
        calls = pay(pool, "ada", "bo"), pay(pool, "bo", "ada")
        answers = await asyncio.gather(*calls, return_exceptions=True)
    return [str(answer).splitlines()[0] for answer in answers]

# %% [markdown]
# > **Predict.** ada pays bo, and at the same moment bo pays ada. How does it end?

# %%
predict("?", about="crossing")

# %% experiment="crossing"
await accounts(ada=100, bo=100)
report = await watch(both_ways)
print(*report.value, f"after {report.seconds:.1f} s", sep="\n")

# %%
predict(about="crossing")

# %% [markdown]
# Each transaction has locked one row and waits for the other row: a **deadlock**. After a second
# PostgreSQL checks for deadlocks, and ends one of the two transactions. (Two `asyncio.Lock`s would wait
# forever.)
#
# The cure is a rule: always take several locks **in the same order**, for example in alphabetical order.
# Then the second transaction waits for the first row, and holds no other.
#
# **Change it.** In `pay`, lock the two of `sorted([giver, taker])`, in this order.

# %% [markdown]
# ## 4 · One button, two people
#
# A message offers one prize, and a button. In discord.py a button belongs to a `View`, and each click
# calls its callback. `defer()` tells Discord that the bot has seen the click: it *acknowledges* it.

# %%
class Claim(discord.ui.View):
    """One button, for one prize."""

    def __init__(self):
        super().__init__(timeout=None)
        self.winner = None

    @discord.ui.button(label="Claim")
    async def claim(self, interaction, button):
        await interaction.response.defer()  # within 3 s, as in unit 03
        said = await self.word(interaction)
        await interaction.followup.send(f"{interaction.user.name}: {said}")

    async def word(self, interaction):
        if self.winner:
            return "taken"
        await asyncio.sleep(0.4)  # the database is busy tonight
        self.winner = interaction.user.name
        return "yours"

# %%
async def give_away(view, *latecomers):
    """One evening: ada and bo click in the same millisecond, the latecomers a moment later."""

    async def prize(ctx):
        await ctx.send("One prize!", view=view())

    async def people(gw):
        await gw.say("!prize")
        await gw.clicks("Claim", ["ada", "bo"])
        for name in latecomers:
            await gw.click("Claim", user=name)
        await gw.until(followups=2)
        await gw.say("!goodnight")

    gw, _ = await evening(make_bot(prize), people)
    for event in gw.log:
        if event["event"] in ("interaction", "followup"):
            said = event.get("content", "click")
            print(f"{event['t']:5.2f} s  {event.get('author', 'bot'):4} {said}")

# %% [markdown]
# > **Predict.** ada and bo click "Claim" in the same millisecond. The callback checks whether there is a
# > winner, and notes one 0.4 s later. How many people are told that they won?

# %%
predict("?", about="two-clicks")

# %% experiment="two-clicks"
await give_away(Claim)

# %%
predict(about="two-clicks")

# %% [markdown]
# This is the same mistake as in part 1: a look, an `await`, a change. The cure is the same: no `await`
# between look and change. If the prize is in a database, use one `UPDATE`, as in part 3. And when the
# prize is gone, the winner's callback disables the button.

# %%
class Once(Claim):
    """No `await` stands between the look and the change."""

    async def word(self, interaction):
        if self.winner:
            return "taken"
        self.winner = interaction.user.name
        await asyncio.sleep(0.4)
        self.claim.disabled = True  # the button: discord.py keeps it under its callback's name
        await interaction.edit_original_response(view=self)
        return "yours"


await give_away(Once)

# %% [markdown]
# `edit_original_response` changes the message with the button, because `claim` calls a plain `defer()`,
# which shows nothing after a click. `defer(thinking=True)` sends a new message ("is thinking ..."). Then
# `edit_original_response` would change the new message, so use `interaction.message.edit`.
#
# Some bots call `self.stop()` after the first click. Look at what happens to cy, who clicks while the
# database is still busy.

# %%
class StopsFirst(Once):
    """The view is stopped before the work is done."""

    async def word(self, interaction):
        self.stop()
        await asyncio.sleep(2)
        return await super().word(interaction)


await give_away(StopsFirst, "cy")

# %% [markdown]
# ada's and bo's tasks had begun, and went on. cy's click is in the gateway's log above. In your bot there
# was no task, no answer and no error: discord.py ignores a click on a view that was stopped, and after
# 3 s Discord shows cy "This interaction failed". So **acknowledge first, then do the work, then disable
# the button, and stop last**.

# %% [markdown]
# ## 5 · The queue at the door
#
# `!draw` paints a picture. Two workers paint, and each needs 0.1 s for a picture: 20 pictures per second.
# Today 50 people ask within one second.
#
# An `asyncio.Queue` is between the people and the workers. A queue of size 0 has no limit and accepts
# everything. When a queue with a size is full, `put_nowait` raises an error. `task_done` tells the queue
# that one item is finished; `join` waits until all are.

# %%
async def painter(queue, waited):
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
    jobs = painter(queue, waited), painter(queue, waited), meter(queue, depth)
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
# > **Predict.** 50 people ask in one second, 20 pictures per second are painted, and the queue has no
# > size. How long does the last person wait? Is there a warning before that?

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
    """How many waited in the queue, over time."""
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
# The queue without a size refuses no one, and people wait longer and longer. There is no error that you
# could read in the morning. If more people come all the time, the queue only grows, and one day the
# memory is full.
#
# With a size you decide what happens when the queue is full. `put_nowait` raises QueueFull, and you tell
# the person to come back later. `await queue.put(...)` makes the sender wait. That is good when the items
# come from another program: your code reads from it more slowly, so it sends less (*backpressure*). In
# both ways **each request that is accepted is answered soon**.

# %% [markdown]
# ## 6 · Closing time
#
# The bot must restart. Eight orders were accepted, two workers are painting, and after 0.25 s the shop
# closes. The simplest way to end is to cancel the workers.

# %%
async def open_until_bell():
    queue, done = asyncio.Queue(), []

    async def painter():
        while True:
            order = await queue.get()
            await asyncio.sleep(0.1)
            done.append(order)
            queue.task_done()

    for number in range(8):
        queue.put_nowait(f"picture {number}")
    painters = [asyncio.create_task(painter()) for _ in range(2)]
    await asyncio.sleep(0.25)
    await close(queue, painters)
    return len(done), queue.qsize()


async def close(queue, painters):
    for painter in painters:
        painter.cancel()
    await asyncio.wait(painters)

# %%
done, left = (await watch(open_until_bell)).value
print(f"{done} painted, {left} left in the queue, {8 - done - left} lost")

# %% [markdown]
# Some orders are still in the queue, and you could at least write them down. The two orders that the
# workers were painting are not in the queue any more, and not in a list of done orders yet. Python does
# not complain about a queue that is not empty.
#
# Closing has three steps. **Close the door**: accept nothing more. **Let the workers finish**: await
# `queue.join()`, with a timeout. **Then cancel the workers**, because they would wait at the empty queue
# forever.

# %%
async def close(queue, painters):
    # step 1 is not needed here: nothing puts more orders into the queue
    with suppress(TimeoutError):
        async with asyncio.timeout(2):
            await queue.join()
    for painter in painters:
        painter.cancel()
    await asyncio.wait(painters)


done, left = (await watch(open_until_bell)).value
print(f"{done} painted, {left} left in the queue, {8 - done - left} lost")

# %% [markdown]
# What if two seconds are not enough? Then a worker that is cancelled must save its order, for example
# in a list. It can do that in its `except asyncio.CancelledError`, before it raises again (unit 06,
# part 4).

# %% [markdown]
# ## In your bot
#
# **Search for** state that outlives an `await`, and for queues without a size. In the folder of
# your bot:
#
# ```
# grep -rnE "^[A-Za-z_]+ *(: *[^=]+)?= *(\{\}|\[\]|dict\(|set\(|defaultdict)" --include="*.py" .
# grep -rnE "Queue\(\)|Lock\(\)" --include="*.py" .
# ```
#
# Each hit of the first search is a variable that all commands share (search for `self.name = {}` in your
# cogs, too). Look where they change it: is there an `await` between the `if` and the change? In the
# second list, look for a queue without a size, and for a lock that is made inside a command or shared by
# all.
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
# **One change for tonight.** discord.py has a lock for each person, for prefix commands. Put it above
# the one command where people could gain something by typing fast:
#
# ```python
# @commands.max_concurrency(1, per=commands.BucketType.user, wait=True)
# ```
#
# With `wait=False` it says no instead: the command raises `MaxConcurrencyReached`.
#
# A slash command of `app_commands` and a button take this line without an error, and it does nothing
# there. In a hybrid command that is used as a slash command it waits before your `defer()`, so the 3 s can
# run out. And with `wait=False`, each refused call gives back a lock that another call still holds, so the
# next call gets in (discord.py 2.7.1). In a hybrid command use a lock of your own.
#
# For a button, acknowledge the click and let one statement look and change:
#
# ```python
# await interaction.response.defer()
# # Here the column `winner` holds numbers: a name can change, an id cannot.
# change = "UPDATE prizes SET winner = $1 WHERE id = $2 AND winner IS NULL"
# won = await self.pool.execute(change, interaction.user.id, self.prize) == "UPDATE 1"
# ```
#
# For a slash command use a lock for each person. This dictionary does the counting of part 2 for you: a
# lock stays in it only as long as a task refers to it.
#
# ```python
# import weakref
#
# locks = weakref.WeakValueDictionary()
#
# @bot.tree.command()
# async def shop(interaction: discord.Interaction, item: str):
#     await interaction.response.defer()
#     lock = locks.setdefault(interaction.user.id, asyncio.Lock())
#     async with lock:
#         await interaction.followup.send(await buy(interaction.user.id, item))
# ```

# %% [markdown]
# ## In practice
#
# <details><summary>The fine print, with sources</summary>
#
# - **Real bots had it**: python-discord/bot pull requests 835 and 1346 put locks around its
#   reminders and its help channels; Milo-bot issue 36 is about one lock for all that made everyone wait. In
#   discord.py issue 10330 a user asks for such a lock in the library.
# - **A lock works on one loop only**: the loop on which a task first waits for it. A task that must
#   wait for it on another loop gets RuntimeError.
# - **Locks are fair**: waiting tasks get the lock in the order in which they came.
# - **Isolation levels.** You have seen PostgreSQL's default, READ COMMITTED. With SERIALIZABLE the
#   database ends a transaction if the result could not come from running one after the other, and you
#   must try again (`SerializationError`).
# - **SQLite** has one lock for the whole file: `BEGIN IMMEDIATE` before you look.
# - **`deadlock_timeout`** is 1 s by default; until then a deadlock looks like a slow evening.
# - **`queue.shutdown()`** (Python 3.13) closes a queue: `put` raises QueueShutDown immediately, `get`
#   when the queue is empty.
# - **Several processes** (shards of a large bot) share no lock of asyncio. Use a lock of the database
#   there.
#
# Sources: Python's documentation, *Synchronization primitives* and *Queues*; PostgreSQL's
# documentation, *Explicit locking* and *Transaction isolation*; discord.py 2.7.1,
# `ext/commands/core.py`; the issues named above.
# </details>

# %% [markdown]
# ## You have seen
#
# - Between a look and a change there must be no `await`, or there must be a lock around both. Each click
#   on a button is a task of its own, too: acknowledge it first, and stop the view last.
# - Use one lock for each key, remove locks that are no longer used, and always take several locks in
#   the same order. If other programs write too, use locks of the database.
# - A queue needs a size, an answer for when it is full, and a closing time.
#
# **Next**: the lab of this unit. Then unit 10: the bot is blocked again, and you find out by which code.
