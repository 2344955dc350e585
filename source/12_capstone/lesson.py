# The lesson of unit 12. Every figure in the text is either measured by the cell above it, or cited
# under "In practice". `build` makes notebooks/12_capstone.ipynb of this file.

# %% [markdown]
# # 12 · Build a bot that survives the raid
#
# *Does it survive?*
#
# **You will** let the whole guild loose on your bot, step by step, until it falls over; find out
# which queue it fell over; and mend it until the load no longer shows.
#
# **You learn**
# - what else can make people wait when the loop is free;
# - what to do about lines that come twice, orders that poison a worker, and the end of the evening;
# - how to audit the bot that matters, your own, with one file of forty lines.
#
# **You need** units 03 and 05, and the better part of 06 to 09: this is where all of it meets.
# Nothing leaves this machine. The lesson takes 40 minutes, the lab after it up to an hour; and then
# there is your own bot.

# %%
import asyncio
import random
import sqlite3
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
# Three questions from earlier units first. What do you still know?

# %%
recall("?", about="free-but-in-waves")

# %%
recall("?", about="honest-meter")

# %%
recall("?", about="check-then-act")

# %% [markdown]
# ## 1 · The load steps up
#
# It is the bot of all these units, and tonight it has a new command. `!fight wolf` does the three
# things that commands do: it **waits** for a page that says how strong a wolf is, it **computes** a
# little, and it **writes** the points into a database.

# %%
HALL = SimpleNamespace(url=servers.http.url, path=servers.sqlite.path, session=None)
await servers.http.plan(path="/wolf", delay=0.2, body={"strength": 7})
with closing(sqlite3.connect(HALL.path)) as db, db:
    db.execute("CREATE TABLE IF NOT EXISTS xp (name TEXT PRIMARY KEY, points INTEGER)")


def throw(count):
    """The sum of so many dice."""
    return sum(random.randint(1, 6) for _ in range(count))


def add_points(name, points):
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
# You know what is wrong with it. But how wrong, and from where on? The next two cells are the
# raid: `crowd` lets people write faster and faster, a second for each rate, and stops when the
# gateway has hung up on the bot. The bot lives on a small rented server with one CPU, and there
# asyncio's default pool has five threads. The gateway is a little more patient than it was: three
# intervals, 0.6 s.

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
    """People write this line, so often a second, a second for each of the rates."""
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
    """One evening of a bot with these commands, under a load that steps up."""
    gw = await servers.gateway(heartbeat=0.2, grace=3)
    world.point(gw)

    async def bot_life():
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(5))
        async with aiohttp.ClientSession() as HALL.session, make_bot(*functions) as bot:
            await bot.start(gw.token)

    report, _ = await asyncio.gather(watch(bot_life, timeout=20), crowd(gw, line, rates))
    return gw, report

# %% [markdown]
# What we want to see of such an evening fits on one page. `page`, in the folded cell, draws it: the
# lines that were asked and answered, whose distance is **who waits**; the heart; the lateness of
# the loop.

# %% jupyter={"source_hidden": true}
def moments(gw, event, began):
    """When the gateway saw such events, in seconds since `began`; good night is left out."""
    return [e["at"] - began for e in gw.log
            if e["event"] == event and e.get("content") != "!goodnight"]


def waiting(gw):
    """The most people that waited for an answer at the same time."""
    steps = [(at, 1) for at in moments(gw, "say", 0)] + [(at, -1) for at in moments(gw, "reply", 0)]
    most = now = 0
    for _, step in sorted(steps):
        now += step
        most = max(most, now)
    return most


def in_words(gw, report):
    """How many asked, and for how long the loop stood still."""
    held = f"longest block {1000 * report.longest_block:.0f} ms"
    return f"{len(moments(gw, 'say', 0))} asked; {held}"

# %% jupyter={"source_hidden": true}
def page(gw, report):
    """An evening on one page: people, heart, loop."""
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
# > **Predict.** 5 fights a second, then 20, then 60. How far does the bot get?

# %%
predict("?", about="first-step")

# %% experiment="first-step"
gw, report = await raid(fight)
page(gw, report)

# %%
predict(about="first-step")

# %% [markdown]
# The dotted line is what people wrote, the solid one what they got. Where they part, people wait;
# the X is the gateway, hanging up. The page of 0.2 s is **less** than the gateway's patience, and
# alone it never killed anybody. Under load it is not alone: when one block ends, the next fight is
# there already.
#
# That is why bots die in the evening, and why you cannot find it by trying a command once.

# %% [markdown]
# ## 2 · A place for each job
#
# So we do what everybody does first: whatever blocks goes into a thread.

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
# > **Predict.** The loop is free now. What happens at 60 a second?

# %%
predict("?", about="all-in-threads")

# %% experiment="all-in-threads"
gw, report = await raid(fight)
page(gw, report)

# %%
predict(about="all-in-threads")

# %% [markdown]
# The heart beats, the loop is free (a single spike, if you see one, is your machine), and a grader
# who looks at nothing else is content. People are not: look at the distance between the lines. It
# grows as long as the load lasts, for there is a queue, and it is not in your program: it stands
# **in front of the five threads**.
#
# A pool is a counter with so many clerks. Five clerks who need 0.2 s each serve 25 people a second,
# and no `await` changes that. Waiting for a page needs no clerk at all, though:

# %%
async def fight(ctx, monster):
    async with HALL.session.get(f"{HALL.url}/{monster}") as answer:  # waits: awaited
        strength = (await answer.json())["strength"]
    points = throw(100 * strength)  # computes, for a moment: stays on the loop
    await asyncio.to_thread(add_points, ctx.author.name, points)  # writes: a thread, for a moment
    await ctx.send(f"{ctx.author.name} beats the {monster}: {points} points")

# %% [markdown]
# > **Predict.** How many wait for their answer now, at 60 a second?

# %%
predict("?", about="in-its-place")

# %% experiment="in-its-place"
gw, report = await raid(fight)
page(gw, report)

# %%
predict(about="in-its-place")

# %% [markdown]
# The lines run side by side, and their distance is no fault: it is the page itself. Who comes at 60
# a second and stays for 0.2 s makes 12 people in the room. (That rule holds for every queue in the
# world; it is Little's law.)
#
# **A place for each job**, then:
#
# | the job | its place | because |
# |---|---|---|
# | waits, and has an async client | `await` on the loop | waiting needs nobody |
# | waits, and has none (an SDK, a driver) | a thread, in a **pool of its own** when many wait | a clerk each |
# | writes a file, a small database | a thread, or a library that keeps one | short, but never surely |
# | computes for up to 10 ms | the loop | a thread would cost more than it saves |
# | computes longer, in plain Python | slices with a turn in between, or a thread | it can be interrupted |
# | computes longer, in one call into C | **a process** | it keeps the interpreter, thread or not |
#
# How much each of these costs on *your* machine is measured in
# [work/toolbox/which_job_goes_where.ipynb](../toolbox/which_job_goes_where.ipynb).
#
# **Change it.** Put `throw(60_000)` in the place of `throw(100 * strength)`: some 40 ms on the loop,
# which nobody would notice alone. What does it do at 60 a second?

# %% [markdown]
# ## 3 · A connection that breaks
#
# Connections break. The bot resumes, and the gateway replays what the bot may have missed. *May*:
# a line that was on its way when the connection broke can come again. Here is a command for which
# that matters, and a night on which it happens.

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
    """The line breaks just when ada writes, and what is replayed comes twice."""
    await gw.until(ready=1)
    await gw.drop()
    await gw.faults(duplicate=1)
    await gw.say("!gift bo 10", author="ada")
    await gw.until(resumes=1, replies=1)
    await asyncio.sleep(0.3)
    await gw.faults()
    await gw.say("!goodnight")

# %% [markdown]
# > **Predict.** ada wrote one line. How many points has bo?

# %%
predict("?", about="comes-twice")

# %% experiment="comes-twice"
gw, twice = await broken_line(gift)
print(gw.replies)
print(twice)

# %%
predict(about="comes-twice")

# %% [markdown]
# Nothing blocked, nothing crashed, and ten points too many went over the table. The cure is to know
# each line by its **id**, and to note it before the first `await`:

# %%
DONE = set()


async def gift(ctx, taker, points: int):
    if ctx.message.id in DONE:
        return
    DONE.add(ctx.message.id)  # no await between the look and the note
    await asyncio.to_thread(add_points, ctx.author.name, -points)
    await asyncio.to_thread(add_points, taker, points)
    await ctx.send(f"{ctx.author.name} gives {taker} {points} points")


gw, once = await broken_line(gift)
once

# %% jupyter={"source_hidden": true}
def balances(**nights):
    """The accounts after each night, as bars; the dotted lines are what ada meant."""
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
# A set is forgotten when the bot restarts. What must never happen twice, money for instance, notes
# the id in the database, in the same transaction as the change. The lab has room for both.

# %% [markdown]
# ## 4 · The kitchen
#
# Some bots put work into a queue, and one task serves it: so unit 09 did. Here is the kitchen. One
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
# > **Predict.** tea, frog, tea, tea. Who gets their tea?

# %%
predict("?", about="after-the-frog")

# %% experiment="after-the-frog"
report = await watch(kitchen)
report.value

# %%
predict(about="after-the-frog")

# %% [markdown]
# One bad order, and the kitchen is closed for everybody. The error is there because `kitchen` asked
# for it, with `task.exception()`. A task keeps its exception until somebody does, and who asks a
# worker? In a bot that keeps its worker in a variable, as it should, you would see nothing at all.
#
# So a worker that is to outlive its orders needs three things: a `try` **around one order**, not
# around the loop; a **timeout** for what neither works nor fails; and a way to end, for a
# cancellation must pass. `except Exception` lets it pass, a bare `except` does not (unit 06).
#
# **Change it.** Put a `try` and an `except Exception` into `worker`. Where does `task_done()` go?

# %% [markdown]
# ## 5 · What is left
#
# Every night ends, mostly because the host restarts: it sends a signal, waits a few seconds, and
# pulls the plug. What your bot does with those seconds decides whether people lose something.

# %%
async def careless():
    """A bot's main coroutine that simply returns."""
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
# > **Predict.** `careless` has returned. What is left of what it made?

# %%
predict("?", about="what-is-left")

# %% experiment="what-is-left"
report = await watch(what_is_left)
report.value

# %%
predict(about="what-is-left")

# %% [markdown]
# Good bye has an order, and it is the same in every bot:
#
# 1. take no new orders, and **finish** what was promised, with a limit (`queue.join()` in
#    `asyncio.timeout`);
# 2. **cancel** the tasks, and **await** them: `cancel()` only asks;
# 3. close what they worked with: sessions, databases;
# 4. end the pools, and not on the loop: `pool.shutdown()` waits.
#
# In discord.py all of this has a place: override `close` of your bot, do it there, and end with
# `await super().close()`.

# %% [markdown]
# ## 6 · A witness for your own bot
#
# In this course the line that blocks is named by a probe which watches the whole loop. In your bot,
# on your server, a small witness is enough: the thread of unit 03, in one file, which you may copy.
# It is [work/toolbox/loopwatch.py](../toolbox/loopwatch.py), and here it is at work:

# %%
import sys
from pathlib import Path

import autograder

sys.path.append(str(Path(autograder.__file__).parents[1] / "source" / "toolbox"))
import loopwatch


async def fight(ctx, monster):
    strength = requests.get(f"{HALL.url}/{monster}").json()["strength"]
    await ctx.send(f"{ctx.author.name} beats the {monster}: {strength} points")

# %%
async def watched_night(notes):
    """A bot that starts loopwatch in its setup_hook; ada fights once."""
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
# > **Predict.** The loop will stand in `requests.get`. What does the witness name?

# %%
predict("?", about="witness-names")

# %% experiment="witness-names"
notes = []
await watched_night(notes)
print(*notes, sep="\n")

# %%
predict(about="witness-names")

# %% [markdown]
# In a notebook a file is called `/tmp/ipykernel...`; in your bot it is your file, and the number
# your line. It costs a look at the clock forty times a second, so it may stay in for good.

# %% [markdown]
# ## 7 · The audit of your own bot
#
# This is what the course was for. It takes an hour, on an evening of your choice, and it is the
# second half of the finish line (the first are 80 % of the core points).
#
# 1. **Point** your bot at the gateway of this course: `python3 -m autograder gateway`, no account,
#    no token. [work/toolbox/own_bot.ipynb](../toolbox/own_bot.ipynb) has the lines for your library.
# 2. **Add** loopwatch, and use every command once. That is the picture *before*.
# 3. **Go through** the checklist in [work/toolbox/audit.ipynb](../toolbox/audit.ipynb), from the
#    longest block down, and give each job its place.
# 4. **Run** the same commands again: the picture *after*.
#
# And where do you stand?

# %%
progress()

# %% [markdown]
# ## 8 · Ten questions, after
#
# You may have answered them on your first day. Answer them again, without looking anything up: ten
# letters, `?` where you are not sure. This time each one is explained, and your first answer stands
# beside it.

# %%
from autograder import after

after("??????????")

# %% [markdown]
# ## In your bot
#
# **Search for** the queues that nobody sees:
#
# ```
# grep -rnE "to_thread|run_in_executor|ThreadPoolExecutor|Semaphore|create_pool|limit=" --include="*.py" .
# ```
#
# For each hit: how many can be in there at once, for how long, and how many come in a second? If
# the last is larger than the first divided by the second, people wait.
#
# **Before and after**
#
# ```python
# @bot.command()
# async def ask(ctx, *, question):                                    # before
#     answer = await asyncio.to_thread(sdk.complete, question)        # shares six threads or so
#     await ctx.send(answer)                                          # with DNS and everybody else
#
# SDK = ThreadPoolExecutor(32, "sdk")
#
# @bot.command()
# async def ask(ctx, *, question):                                    # after
#     loop = asyncio.get_running_loop()
#     await ctx.send(await loop.run_in_executor(SDK, sdk.complete, question))
# ```
#
# **One change for tonight.** Copy `loopwatch.py` beside your bot, and put `loopwatch.start()` into
# its `setup_hook`. Tomorrow the log has the answer. (Only discord.py calls `setup_hook`. For nextcord,
# disnake, py-cord and hikari see part 4 of [work/toolbox/own_bot.ipynb](../toolbox/own_bot.ipynb).)

# %% [markdown]
# ## In practice
#
# <details><summary>The fine print, with sources</summary>
#
# - **The default pool** has `min(32, cpus + 4)` threads (Python's documentation,
#   `concurrent.futures`): five on a server with one CPU, which is why the evenings of this unit have
#   five. asyncio also looks up names in it, so a full pool makes every new connection wait.
# - **Little's law**: people in a queue = arrivals a second x seconds in it. J. D. C. Little, 1961.
# - **Replays.** Discord's documentation (*Gateway*, resuming) promises that missed events are sent
#   again, in order. It promises nowhere that none comes twice. Ours was asked to send them twice.
# - **`synchronous = OFF`** in `add_points` lets SQLite skip the wait for the disk. Right for
#   points of an evening in a lesson; leave it out where a power cut may not cost anything.
# - **loopwatch** measures lateness. On a starved machine it can name an innocent line; the probe of
#   this course subtracts what the system took away, and loopwatch cannot. What it names again and
#   again is guilty.
# - **The end.** Docker sends SIGTERM and waits 10 s, systemd 90 s (their documentation: `docker
#   stop`, `TimeoutStopSec`). Python's default for SIGTERM is to die on the spot: no `finally` runs.
#   `asyncio.run` and discord.py's `run` turn Ctrl-C into a cancellation, and SIGTERM they do not.
# </details>

# %% [markdown]
# ## You have seen
#
# - A free loop keeps the bot alive, and a pool that is too small keeps people waiting all the same:
#   every pool is a queue, and under load you meet each of them.
# - What arrives may arrive twice, and what is ordered may be poison: know each line by its id, and
#   let a worker outlive its orders.
# - Each job has a place. A witness of forty lines tells you, in your own bot, which one has not.
#
# **Next**: the lab, five levels, the first two for everybody. And then the only bot that counts.
