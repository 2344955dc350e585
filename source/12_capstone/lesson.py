# The lesson of unit 12. Every figure in the text is either measured by the cell above it, or cited
# under "In practice". `build` makes notebooks/12_capstone.ipynb of this file.

# %% [markdown]
# # 12 · Build a bot that survives the raid
#
# *Does it survive?*
#
# **You will** let more and more people use your bot until it fails, find out which queue was too
# long, and repair the bot until it serves them all.
#
# **You learn**
# - what else can make people wait when the loop is free;
# - what to do when a connection breaks, when an order cannot be served, and when the bot must stop;
# - how to audit your own bot, with one file that you can copy.
#
# **You need** units 03 and 05, and most of 06 to 09: this unit puts them together. Nothing leaves
# this machine.

# %%
import asyncio
import random
import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from types import SimpleNamespace

import aiohttp
import discord
import matplotlib.pyplot as plt
import requests
from discord.ext import commands

from autograder import predict, progress, recall, show, watch, world

servers = await world.start("http", "sqlite")

# %% [markdown]
# First, three questions, from units 11, 10 and 09. Skip those that you have not read.

# %%
recall("?", about="seven-waves")

# %%
recall("?", about="percentile-of-5-ms")

# %%
recall("?", about="two-commands")

# %% [markdown]
# ## 1 · The load steps up
#
# It is the bot of all these units, and it has a new command. `!fight wolf` does the three things
# that commands do. It **waits** for a page that says how strong a wolf is, it **computes** a
# little, and it **writes** the points into a database.

# %%
HALL = SimpleNamespace(url=servers.http.url, path=servers.sqlite.path, session=None)
await servers.http.plan(path="/wolf", delay=0.2, body={"strength": 7})
with closing(sqlite3.connect(HALL.path)) as db, db:
    db.execute("CREATE TABLE IF NOT EXISTS xp (name TEXT PRIMARY KEY, points INTEGER)")


def throw(count):
    """The sum of `count` dice."""
    return sum(random.randint(1, 6) for _ in range(count))


def add_points(name, points):
    # A new name gets a row. A known name gets the points added (`excluded` is the row that we
    # wanted to insert).
    add = "INSERT INTO xp VALUES (?, ?) ON CONFLICT DO UPDATE SET points = points + excluded.points"
    with closing(sqlite3.connect(HALL.path, timeout=5)) as db, db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute(add, (name, points))

# %%
async def fight(ctx, monster):
    strength = requests.get(f"{HALL.url}/{monster}").json()["strength"]  # waits
    points = throw(100 * strength)  # computes
    add_points(ctx.author.name, points)  # writes
    await ctx.send(f"{ctx.author.name} beats the {monster}: {points} points")

# %% [markdown]
# You know what is wrong with it. But at which load does it fail? The next two cells are the raid.
# `crowd` lets people write faster and faster, one second at each rate, and stops when the gateway
# has hung up. The bot runs as on a small rented server with one CPU, where asyncio's default pool
# has five threads. In parts 1 and 2 the gateway waits longer: three intervals, 0.6 s.

# %%
def make_bot(*functions):
    """A discord.py bot with these functions as its commands; `!goodnight` sends it to bed."""
    bot = commands.Bot("!", intents=discord.Intents.all(), help_command=None)
    for function in functions:
        bot.command()(function)

    @bot.command()
    async def goodnight(ctx):
        await bot.close()

    return bot


async def crowd(gw, line, rates):
    """People write this line at each of these rates (per second), one second each."""
    await gw.until(ready=1)
    asked = 0
    for pause in [1 / rate for rate in rates for _ in range(rate)]:
        await asyncio.sleep(pause)
        if not gw.kills:
            await gw.say(line, author=random.choice(["ada", "bo", "cy"]))
            asked += 1
    await gw.until(replies=asked, timeout=8)
    await gw.say("!goodnight")

# %%
async def raid(*functions, line="!fight wolf", rates=(5, 20, 60)):
    """One run of a bot with these commands, under a load that steps up."""
    gw = await servers.gateway(heartbeat=0.2, grace=3)
    world.point(gw)

    async def bot_life():
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(5))
        # `as HALL.session` keeps the session in HALL, where the commands find it.
        async with aiohttp.ClientSession() as HALL.session, make_bot(*functions) as bot:
            await bot.start(gw.token)

    report, _ = await asyncio.gather(watch(bot_life, timeout=20), crowd(gw, line, rates))
    return gw, report

# %% [markdown]
# `draw`, in the folded cell, draws such a run: messages and answers, heartbeats, and the lateness of the
# loop. The two lines show **who waits**: read upward how many people, and to the right for how long.

# %% jupyter={"source_hidden": true}
def moments(gw, event, began):
    """When the gateway saw such events, in seconds since `began`, without `!goodnight`."""
    return [e["at"] - began for e in gw.log
            if e["event"] == event and e.get("content") != "!goodnight"]


def waiting(gw):
    """How many people waited for an answer at the same time, at most."""
    steps = [(at, 1) for at in moments(gw, "say", 0)] + [(at, -1) for at in moments(gw, "reply", 0)]
    most = now = 0
    for _, step in sorted(steps):
        now += step
        most = max(most, now)
    return most


def in_words(gw, report):
    """How many asked, and for how long the loop was held."""
    held = f"longest block {1000 * report.longest_block:.0f} ms"
    return f"{len(moments(gw, 'say', 0))} asked; {held}"

# %% jupyter={"source_hidden": true}
def draw(gw, report):
    """Draw a run: people, heartbeats, loop."""
    began, size = report.record.began, {"figsize": (8, 5), "height_ratios": [3, 0.7, 1.5]}
    figure, (people, heart, loop) = plt.subplots(3, 1, sharex=True, **size)
    for event, style, label in (("say", "k:", "asked"), ("reply", "k-", "answered")):
        at = moments(gw, event, began)
        people.step(at, range(1, len(at) + 1), style, where="post", label=label)
    people.set(ylabel="lines", ylim=(0, None))
    people.yaxis.get_major_locator().set_params(integer=True)
    people.legend(loc="upper left", title=f"at most {waiting(gw)} waited")
    heart.plot(moments(gw, "heartbeat", began), [0] * gw.beats, "k|", markersize=12)
    heart.plot(moments(gw, "killed", began), [0] * gw.kills, "kX", markersize=11)
    heart.set_yticks([0], [f"heart\n(hang-ups: {gw.kills})"])
    due, late = zip(*report.record.late, strict=True)
    loop.fill_between(due, [1000 * seconds for seconds in late], color="0.35", step="pre")
    loop.axhline(100, color="black", linestyle=":")
    loop.set(ylabel="loop late\n[ms]", xlabel="seconds", ylim=(0, max(120, 1050 * max(late))))
    show(figure, f"{in_words(gw, report)}; at most {waiting(gw)} waited; hang-ups: {gw.kills}")
    print(in_words(gw, report))

# %% [markdown]
# > **Predict.** People write 5 fights per second, then 20, then 60. How far does the bot get?

# %%
predict("?", about="first-step")

# %% experiment="first-step"
gw, report = await raid(fight)
draw(gw, report)

# %%
predict(about="first-step")

# %% [markdown]
# The dotted line shows what people wrote, the solid line what was answered. Where they separate,
# people wait. The X shows when the gateway hung up. The web page takes 0.2 s, which is **less** than
# the gateway allows, and one fight never costs the connection. Under load, the next fight begins
# when the block of the first one ends.
#
# So a bot can die on a busy evening although you never see it when you try a command once.

# %% [markdown]
# ## 2 · A place for each job
#
# The first repair that most people try: send everything that blocks to a thread.

# %%
def fight_in_a_thread(name, monster):
    strength = requests.get(f"{HALL.url}/{monster}").json()["strength"]
    points = throw(100 * strength)
    add_points(name, points)
    return points


async def fight(ctx, monster):
    points = await asyncio.to_thread(fight_in_a_thread, ctx.author.name, monster)
    await ctx.send(f"{ctx.author.name} beats the {monster}: {points} points")

# %% [markdown]
# > **Predict.** The loop is free now. What happens at 60 fights per second?

# %%
predict("?", about="all-in-threads")

# %% experiment="all-in-threads"
gw, report = await raid(fight)
draw(gw, report)

# %%
predict(about="all-in-threads")

# %% [markdown]
# The heartbeats go on and the loop is free. (A single spike comes from other programs.) But people
# wait: look at the distance between the lines. It grows as long as the load lasts. There is a
# queue, and you did not write it: it is **in front of the five threads**.
#
# A pool is like a counter with a fixed number of clerks. Five threads that need 0.2 s each serve 25
# people per second, and no `await` changes that. But waiting for a web page needs no thread:

# %%
async def fight(ctx, monster):
    async with HALL.session.get(f"{HALL.url}/{monster}") as answer:  # waits: awaited
        strength = (await answer.json())["strength"]
    points = throw(100 * strength)  # computes, for a moment: stays on the loop
    await asyncio.to_thread(add_points, ctx.author.name, points)  # writes: a thread, for a moment
    await ctx.send(f"{ctx.author.name} beats the {monster}: {points} points")

# %% [markdown]
# > **Predict.** At 60 fights per second, how many people wait for their answer now?

# %%
predict("?", about="in-its-place")

# %% experiment="in-its-place"
gw, report = await raid(fight)
draw(gw, report)

# %%
predict(about="in-its-place")

# %% [markdown]
# The lines run in parallel. To the right, their distance is the time for the web page. 60 people come per
# second, and each waits 0.2 s, so 12 people wait at any moment. (This rule is true for every queue; it is
# Little's law.)
#
# So there is **a place for each job**:
#
# | the job | its place | because |
# |---|---|---|
# | waits, and has an async client | `await` on the loop | waiting needs no thread |
# | waits, and has none (an SDK, a driver) | a thread, in a **pool of its own** when many wait | one thread per call |
# | writes a file, a small database | a thread, or a library that keeps one | short, but not always |
# | computes for up to 10 ms | the loop | no one notices it (but count how many come per second) |
# | computes longer, in plain Python | slices with turns between them, or a thread | Python can interrupt it |
# | computes longer, in C code that releases the GIL (hashes, zlib, Pillow) | a thread | the loop runs beside it |
# | computes longer, in C code that keeps it (`sorted`, `json`, `re`) | **a process** | a thread would hold the loop, too |
#
# [work/toolbox/which_job_goes_where.ipynb](../toolbox/which_job_goes_where.ipynb) measures what
# each of these costs on *your* machine.
#
# **Change it.** Write `throw(60_000)` in place of `throw(100 * strength)`. That is some 40 ms on
# the loop, which no one notices in one fight. What does it do at 60 fights per second?

# %% [markdown]
# ## 3 · A connection that breaks
#
# Connections break. The bot resumes, and the gateway replays what it thinks the bot missed. So a message
# that the bot already had can come again. (Unit 13 shows the numbers of the events.) For this command
# that matters:

# %%
async def gift(ctx, taker, points: int):
    await asyncio.to_thread(add_points, ctx.author.name, -points)
    await asyncio.to_thread(add_points, taker, points)
    await ctx.send(f"{ctx.author.name} gives {taker} {points} points")


async def broken_line(gift):
    """ada gives bo 10 points once, while the connection breaks; who has how much then?"""
    with closing(sqlite3.connect(HALL.path)) as db, db:
        db.executescript("DELETE FROM xp; INSERT INTO xp VALUES ('ada', 100), ('bo', 0)")
    gw = await servers.gateway(heartbeat=0.2, grace=2)
    world.point(gw)

    async def bot_life():
        async with make_bot(gift) as bot:
            await bot.start(gw.token)

    await asyncio.gather(watch(bot_life), stormy(gw))
    with closing(sqlite3.connect(HALL.path)) as db:
        return gw, dict(db.execute("SELECT * FROM xp"))

# %%
async def stormy(gw):
    """The connection breaks when ada writes, and what is replayed comes twice."""
    await gw.until(ready=1)
    await gw.drop()
    await gw.faults(duplicate=1)
    await gw.say("!gift bo 10", author="ada")
    await gw.until(resumes=1, replies=1)
    await asyncio.sleep(0.3)
    await gw.faults()
    await gw.say("!goodnight")

# %% [markdown]
# > **Predict.** ada wrote one message. How many points does bo have afterwards?

# %%
predict("?", about="comes-twice")

# %% experiment="comes-twice"
gw, twice = await broken_line(gift)
print(gw.replies)
print(twice)

# %%
predict(about="comes-twice")

# %% [markdown]
# Nothing blocked and nothing crashed, but bo got ten points too many. The cure: remember each
# message by its **id**, and do that before the first `await`:

# %%
DONE = set()


async def gift(ctx, taker, points: int):
    if ctx.message.id in DONE:
        return
    DONE.add(ctx.message.id)  # no await between the check and this line
    await asyncio.to_thread(add_points, ctx.author.name, -points)
    await asyncio.to_thread(add_points, taker, points)
    await ctx.send(f"{ctx.author.name} gives {taker} {points} points")


gw, once = await broken_line(gift)
once

# %% jupyter={"source_hidden": true}
def balances(**nights):
    """The accounts after each run, as bars; the dotted lines are what ada wanted."""
    figure, axes = plt.subplots(figsize=(8, 2.4))
    for row, points in enumerate(nights.values()):
        axes.barh(row + 0.2, points["ada"], 0.35, color="0.75", edgecolor="black")
        axes.barh(row - 0.2, points["bo"], 0.35, color="white", edgecolor="black", hatch="//")
        axes.text(points["ada"] + 1, row + 0.2, f"ada {points['ada']}", va="center")
        axes.text(points["bo"] + 1, row - 0.2, f"bo {points['bo']}", va="center")
    for meant in (10, 90):
        axes.axvline(meant, color="black", linestyle=":")
    axes.set_yticks(range(len(nights)), [name.replace("_", " ") for name in nights])
    axes.set(xlabel="points", xlim=(0, 110))
    words = [f"{name.replace('_', ' ')} ada {p['ada']}, bo {p['bo']}" for name, p in nights.items()]
    show(figure, f"Points after each night: {'; '.join(words)}.")


balances(without_the_id=twice, with_the_id=once)

# %% [markdown]
# A set grows, and the bot forgets it at a restart. A `deque(maxlen=10_000)` keeps only the newest ids.
# For something that must never happen twice, write the id into the database, in the same transaction as
# the change. In the lab (level 3) you may do either.

# %% [markdown]
# ## 4 · The kitchen
#
# Some bots put work into a queue, and one task serves it, as in unit 09. Here is the kitchen. One
# potion cannot be brewed.

# %%
async def brew(potion):
    await asyncio.sleep(0.05)
    if potion == "frog":
        raise ValueError("a frog in the pot")
    return f"{potion} is ready"


async def worker(orders, served):
    while True:
        who, potion = await orders.get()
        served.append(f"{who}: {await brew(potion)}")
        orders.task_done()


async def kitchen():
    orders, served = asyncio.Queue(), []
    for order in (("ada", "tea"), ("bo", "frog"), ("cy", "tea"), ("ada", "tea")):
        orders.put_nowait(order)
    task = asyncio.create_task(worker(orders, served))
    await asyncio.wait([task, asyncio.create_task(orders.join())], timeout=1)
    end = repr(task.exception()) if task.done() else "lives"
    return {"served": served, "still waiting": orders.qsize(), "the worker": end}

# %% [markdown]
# > **Predict.** The orders are tea, frog, tea, tea. Which teas are served?

# %%
predict("?", about="after-the-frog")

# %% experiment="after-the-frog"
report = await watch(kitchen)
report.value

# %%
predict(about="after-the-frog")

# %% [markdown]
# After one bad order the kitchen serves no one any more. You see the error here because `kitchen`
# asks for it, with `task.exception()`. A task keeps its exception until something asks, and in a
# bot usually nothing asks a worker.
#
# So a worker needs three things: a `try` **around one order**, not around the loop; a **timeout**
# for an order that neither ends nor fails; and a way to end. `except Exception` lets a cancellation
# pass, a bare `except` does not (unit 06).
#
# **Change it.** Put a `try` and an `except Exception` into `worker`. Where does `task_done()` go?

# %% [markdown]
# ## 5 · What is left
#
# Each run of a bot ends, mostly because the host restarts. The host sends a signal, waits some
# seconds, and then kills the program. What does your bot do in those seconds?

# %%
async def careless():
    """It makes three things, and simply returns."""
    session, pool = aiohttp.ClientSession(), ThreadPoolExecutor(1)
    ticker = asyncio.create_task(asyncio.sleep(60), name="the ticker")
    pool.submit(time.sleep, 0.4)
    return session, pool, ticker


async def what_is_left():
    session, pool, ticker = await careless()
    left = {
        "the ticker": "runs" if not ticker.done() else "has ended",
        "the session": "is open" if not session.closed else "is closed",
        "threads": sum(thread.is_alive() for thread in pool._threads),
    }
    ticker.cancel()
    await session.close()
    return left

# %% [markdown]
# > **Predict.** `careless` has returned, and the loop goes on. What is left of what it made?

# %%
predict("?", about="what-is-left")

# %% experiment="what-is-left"
report = await watch(what_is_left)
report.value

# %%
predict(about="what-is-left")

# %% [markdown]
# At its end, `asyncio.run` cancels the tasks that are left, but it closes no session. So close a bot in
# this order:
#
# 1. take no new orders, and **finish** what you accepted, with a limit (`queue.join()` in
#    `asyncio.timeout`);
# 2. **cancel** the tasks, and **await** them: `cancel()` only asks;
# 3. close what they worked with: sessions, databases;
# 4. end the pools, and not on the loop: `pool.shutdown()` waits.
#
# In discord.py, override `close` of your bot, do it there, and end with `await super().close()`.
# But what calls `close`? The host sends SIGTERM. The folded program waits as a bot does, with and
# without a handler for that signal:

# %% jupyter={"source_hidden": true}
PROGRAM = """
import asyncio, signal, sys

async def main():
    over = asyncio.Event()
    if sys.argv[1] == "with":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    print("the bot runs", flush=True)
    try:
        await over.wait()
    finally:
        print("everything is closed")

asyncio.run(main())
"""

# %%
for how in ("without", "with"):
    pipe = asyncio.subprocess.PIPE
    bot = await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, how, stdout=pipe)
    await bot.stdout.readline()
    bot.terminate()  # sends SIGTERM
    said, _ = await bot.communicate()
    print(f"{how} a handler: {said.decode().strip() or 'no finally has run'}")

# %% [markdown]
# Without a handler SIGTERM ends Python on the spot: no `finally` runs. *In your bot* below has the
# lines for discord.py.

# %% [markdown]
# ## 6 · A watchdog for your own bot
#
# In this course `watch` has a probe (unit 10), which names the line that blocks. In your bot, a small
# watchdog is enough: the thread of unit 03, in one file that you may copy. It is
# [work/toolbox/loopwatch.py](../toolbox/loopwatch.py), and here it works:

# %%
from pathlib import Path

import autograder

COURSE = Path(autograder.__file__).parents[1]
sys.path += ["../toolbox", str(COURSE / "notebooks" / "toolbox")]  # your copy, or the course's
import loopwatch


async def fight(ctx, monster):
    strength = requests.get(f"{HALL.url}/{monster}").json()["strength"]
    await ctx.send(f"{ctx.author.name} beats the {monster}: {strength} points")

# %%
async def watched_night(notes):
    """A bot that starts loopwatch in its setup_hook; people fight twice."""
    gw = await servers.gateway(heartbeat=0.2, grace=2)
    world.point(gw)

    async def bot_life():
        async with make_bot(fight) as bot:
            async def setup_hook():
                loopwatch.start(report=notes.append)

            bot.setup_hook = setup_hook
            await bot.start(gw.token)

    await asyncio.gather(watch(bot_life), crowd(gw, "!fight wolf", rates=[2]))

# %% [markdown]
# > **Predict.** `requests.get` will hold the loop. What does the watchdog name?

# %%
predict("?", about="witness-names")

# %% experiment="witness-names"
notes = []
await watched_night(notes)
print(*notes, sep="\n")

# %%
predict(about="witness-names")

# %% [markdown]
# In a notebook the file is called `/tmp/ipykernel...`; in your bot it is your file, and the number
# is your line. The watchdog looks at the clock forty times per second. That costs so little that
# you can leave it in.

# %% [markdown]
# ## 7 · The audit of your own bot
#
# This is what the course was for. It takes about an hour. To finish the course you need two things:
# 80 % of the core points, and this audit.
#
# 1. **Run** your bot as it is, without an account and without a token: `python3 -m autograder run
#    ../my_bot/bot.py`. [work/toolbox/own_bot.ipynb](../toolbox/own_bot.ipynb) has the details.
# 2. **Use** every command once. `run` keeps what it finds: that is the picture *before*.
# 3. **Go through** the checklist in [work/toolbox/audit.ipynb](../toolbox/audit.ipynb), from the
#    longest block down, and give each job its place.
# 4. **Run** the same commands again: the picture *after*.
#
# And this is your progress:

# %%
progress()

# %% [markdown]
# ## 8 · Ten questions, after
#
# You may have answered these questions on your first day. Answer them again, without looking
# anything up: ten letters, and `?` where you are not sure. This time each one is explained, next to
# your first answer.

# %%
from autograder import after

after("??????????")

# %% [markdown]
# ## In your bot
#
# **Search for** the queues that you do not see:
#
# ```
# grep -rnE "to_thread|run_in_executor|ThreadPoolExecutor|Semaphore|create_pool|limit=" --include="*.py" .
# ```
#
# For each hit, note three numbers: how many calls fit in at the same time, how many seconds each
# takes, and how many arrive per second. If more arrive than (calls ÷ seconds), people wait.
#
# **Before and after**
#
# ```python
# @bot.command()
# async def ask(ctx, *, question):                                    # before
#     answer = await asyncio.to_thread(sdk.complete, question)        # shares a few threads
#     await ctx.send(answer)                                          # with all lookups of names
#
# SDK = ThreadPoolExecutor(32, "sdk")
#
# @bot.command()
# async def ask(ctx, *, question):                                    # after
#     loop = asyncio.get_running_loop()
#     await ctx.send(await loop.run_in_executor(SDK, sdk.complete, question))
# ```
#
# **SIGTERM.** `bot.run(TOKEN)` does not handle it. These lines do (`keep` is in unit 02):
#
# ```python
# async def main():
#     discord.utils.setup_logging()
#     async with MyBot("!", intents=discord.Intents.all()) as bot:
#         loop = asyncio.get_running_loop()
#         loop.add_signal_handler(signal.SIGTERM, lambda: keep(bot.close()))
#         await bot.start(TOKEN)
#
# asyncio.run(main())
# ```
#
# **One change for tonight.** Copy `loopwatch.py` beside your bot, and put `loopwatch.start()` into
# its `setup_hook`. Tomorrow the log has the answer. (Only discord.py calls `setup_hook`. For
# nextcord, disnake, py-cord and hikari see part 4 of
# [work/toolbox/own_bot.ipynb](../toolbox/own_bot.ipynb).)

# %% [markdown]
# ## In practice
#
# <details><summary>The fine print, with sources</summary>
#
# - **The default pool** has `min(32, cpus + 4)` threads (Python's documentation,
#   `concurrent.futures`): five on a server with one CPU, so the runs of this unit have five.
#   asyncio also looks up names in it, so a full pool makes every new connection wait.
# - **Little's law**: people in a queue = arrivals per second x seconds in it. J. D. C. Little,
#   1961.
# - **Replays.** Discord's documentation (*Gateway*, resuming) promises that missed events are sent
#   again, in order. It does not promise that none comes twice. We asked our gateway to send them
#   twice.
# - **`synchronous = OFF`** in `add_points` lets SQLite skip the wait for the disk. That is right
#   for points in a lesson. Do not use it for data that must survive a power cut.
# - **loopwatch** measures lateness. On a machine that is too busy it can name an innocent line; the
#   probe of this course subtracts what other programs took, and loopwatch cannot. Look at the lines
#   that it names again and again.
# - **The end.** Docker sends SIGTERM and waits 10 s, systemd 90 s (their documentation: `docker
#   stop`, `TimeoutStopSec`). `asyncio.run` and discord.py's `run` turn Ctrl-C into a cancellation,
#   but not SIGTERM. `add_signal_handler` does not exist on Windows.
# </details>

# %% [markdown]
# ## You have seen
#
# - A free loop keeps the bot connected. If a pool is too small, people wait all the same: every
#   pool is a queue, and under load you meet each of them.
# - A message may come twice, and an order may break a worker. Know each message by its id, and keep
#   the worker running when one order fails.
# - Each job has a place. In your own bot, loopwatch (one file) names the job that is in the wrong
#   one.
#
# **Next**: the lab with five levels, of which the first two are the core. And then your own bot.
