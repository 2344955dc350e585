# The lesson of unit 03. Every figure in the text is either measured by the cell above it, or cited
# under "In practice". `build` makes notebooks/03_gateway.ipynb of this file.

# %% [markdown]
# # 03 · Stop a bot's heart, and start it again
#
# *Why does a blocking call kill my bot?*
#
# **You will** run a real discord.py bot against a gateway on your own machine, put one
# harmless-looking line into it, and read in the gateway's log what happens to it.
#
# **You learn**
# - what a heartbeat is, who sends it, and what happens when it stays away;
# - how long is too long: you measure twelve ordinary calls, from microseconds to a second;
# - to test two cures that everybody thinks of.
#
# **You need** `async def`, `await` and tasks: unit 02, and unit 01 if you want to know what is
# behind them. No Discord account and no internet: nothing leaves this machine. The lesson takes 25
# to 40 minutes, the lab after it 20 to 45.
#
# Every experiment goes the same way: read the program, **predict** what it will do, run it, look.
# Predictions are not graded, and the wrong ones are worth the most: they show you which picture in
# your head to repair.

# %%
import asyncio
import random
import time

import discord
from discord.ext import commands

from autograder import predict, recall, show, watch, world

servers = await world.start("http")

# %% [markdown]
# First, three questions from units 01 and 02. Nothing to look up: what do you still know? Run each
# cell, put a letter in place of the question mark, and run it again. (If you have skipped unit 01:
# unit 02 answers all three.)

# %%
recall("?", about="where-a-switch-can-be")

# %%
recall("?", about="one-by-one")

# %%
recall("?", about="which-lines-ran")

# %% [markdown]
# ## 1 · A heart you can listen to
#
# A bot and Discord hold one long conversation over one WebSocket, the **gateway**. Everything
# people write comes down that line. But a line on which nobody speaks looks just like a line that
# is dead, and so Discord asks every bot for a sign of life at a fixed interval, the **heartbeat**,
# and answers each one with an **ACK**. When the heartbeats stay away, Discord takes the bot for
# dead and hangs up.
#
# Discord wants a heartbeat about every 41 seconds. The gateway of this course is for impatient
# people: it wants one every **0.2 s**, and it hangs up after two intervals of silence, **0.4 s**.
# Everything else is Discord's protocol, and the bot is discord.py as it comes from PyPI. Here it
# is, with two commands:

# %%
def make_bot(*functions):
    """A discord.py bot with these functions as its commands; `!goodnight` sends it to bed."""
    bot = commands.Bot("!", intents=discord.Intents.all(), help_command=None)
    for function in functions:
        bot.command()(function)  # what `@bot.command()` above the function does

    @bot.command()
    async def goodnight(ctx):
        await bot.close()

    return bot

# %%
def throw(dice):
    """The sum of some dice: "2d6" is two dice with six sides."""
    count, sides = dice.split("d")
    return sum(random.randint(1, int(sides)) for _ in range(int(count)))


async def roll(ctx, dice):
    await ctx.send(f"{ctx.author.name} rolls {throw(dice)}")


async def ping(ctx):
    await ctx.send("pong")

# %% [markdown]
# Two small tools follow, for the whole lesson. `evening` opens a fresh gateway, runs the bot on a
# loop that is **watched** (so that we can see afterwards what held it), and lets people talk to
# the bot meanwhile. `tell`, in the folded cell, prints what the gateway saw. (JupyterLab also shows
# it live, in the panel that the heart at the right edge opens and closes: watch it in part 2, while
# your code blocks.) Run them now, and read them when you want to know how it is done.

# %%
async def evening(*functions, chat, **settings):
    """One evening in #general; `chat` lists (seconds after the line before, who, what)."""
    gw = await servers.gateway(heartbeat=0.2, grace=2, **settings)
    world.point(gw)  # from now on discord.py takes this gateway for Discord

    async def bot_life():
        async with make_bot(*functions) as bot:
            await bot.start(gw.token)

    async def people():
        await gw.until(ready=1)
        for pause, who, line in chat:
            await asyncio.sleep(pause)
            if line.startswith("/"):  # a slash command, in part 8
                await gw.interact(line[1:], user=who)
            else:
                await gw.say(line, author=who)

    report, _ = await asyncio.gather(watch(bot_life), people())
    return gw, report

# %% jupyter={"source_hidden": true}
SAYS = {
    "identify": "bot      here I am, and this is my token (IDENTIFY)",
    "ready": "gateway  welcome (READY)",
    "say": "{author:8} {content}",
    "reply": "bot      {content}",
    "killed": "gateway  hangs up with {code}: no heartbeat for {gap:.2f} s",
    "resumed": "bot      is back and RESUMEs; the gateway replays {replayed} event(s)",
}


def tell(gw):
    """Print what the gateway saw: one line an event, one heart a heartbeat."""
    hearts = ""
    for event in gw.log:
        if event["event"] == "heartbeat":
            hearts += "♥ "
        elif event["event"] in SAYS:
            if hearts:
                print(f"{'':11}bot      {hearts}")
            hearts = ""
            print(f"{event['t']:7.2f} s  {SAYS[event['event']].format(**event)}")

# %% [markdown]
# > **Predict.** Nobody writes for one second. How many heartbeats does the gateway hear in that
# > second?
#
# The next cell shows what to choose from. Put your letter in place of the question mark, run the
# cell again, and only then go on.

# %%
predict("?", about="idle-heart")

# %% experiment="idle-heart"
CHAT = [(1.0, "ada", "!roll 2d6"), (0.3, "ada", "!goodnight")]
gw, report = await evening(roll, ping, chat=CHAT)
tell(gw)

# %%
predict(about="idle-heart")

# %% [markdown]
# So this is what your bot does all day: it says that it is alive, and now and then it answers
# somebody.
#
# Here is the same evening as a picture. Every task of yours has a lane, and what discord.py and
# aiohttp do for themselves, heartbeats too, shares the lane *libraries*. A bar is time for which a
# task **held the loop** (a light bar stands for several short times, too close to be drawn apart;
# one that was too long is dark and hatched, and there is none here). There is next to nothing to
# see, and that is what health looks like: a good bot hardly ever holds its loop.

# %%
def judge(report, gw=None):
    """The picture of a run, and what a grader would say of it."""
    try:
        display(report.responsive(0.1, gateway=gw))
    except Exception as complaint:  # the picture is shown before the check complains
        print(complaint)


judge(report, gw)

# %% [markdown]
# ## 2 · Shake the cup
#
# `!roll` answers too fast to be any fun. Let us shake the cup a little, before the dice fall:

# %%
async def roll(ctx, dice):
    time.sleep(0.9)  # shake the cup
    await ctx.send(f"{ctx.author.name} rolls {throw(dice)}")

# %% [markdown]
# ada rolls. Half a second later, while the cup is being shaken, bo writes `!ping`.
#
# > **Predict.** What becomes of bo's pong?

# %%
predict("?", about="sleep-in-handler")

# %% experiment="sleep-in-handler"
CHAT = [(0.5, "ada", "!roll 2d6"), (0.5, "bo", "!ping"), (1.0, "ada", "!goodnight")]
gw, report = await evening(roll, ping, chat=CHAT)
tell(gw)

# %%
predict(about="sleep-in-handler")

# %% [markdown]
# Read it again slowly, line by line; all of this unit is in it.
#
# 1. `♥ ♥ ♥` The bot is well.
# 2. `ada  !roll 2d6` The loop starts a task for `roll`, the task comes to `time.sleep(0.9)`, and
#    **the thread on which the loop lives goes to sleep**. The loop has not crashed. It is simply
#    not running.
# 3. A heartbeat is due. Nobody sends it. Another one. Nobody.
# 4. `gateway  hangs up with 4009` The gateway counted its own seconds. It cannot see into your
#    program: a bot that sleeps and a bot whose cable was pulled are the same silence to it.
# 5. `bo  !ping` The gateway takes bo's message. It has nobody to give it to, and puts it aside.
# 6. `bot  ada rolls` The cup is down, `roll` goes on as if nothing had happened. As far as it
#    knows, nothing has.
# 7. `bot  is back and RESUMEs` Now the loop reads its mail, finds that the line is closed,
#    connects again and names the last event it saw. The gateway replays the rest: bo's line, and
#    what the bot itself said meanwhile, for a bot hears itself too.
# 8. `bot  pong`
#
# Nothing crashed, and nothing was printed. A bot that logs as most do (level INFO) would say
# "successfully RESUMED", which sounds like good news; that it was hung up on is written at level
# DEBUG. People only see that the bot is slow "sometimes".

# %% [markdown]
# Now the same evening with the eyes of a grader. In the labs it is `report.responsive(0.1,
# gateway=gw)` that decides: no code may hold the loop for 0.1 s, and the bot must keep its
# connection. When that fails, the check says where.

# %%
judge(report, gw)

# %% [markdown]
# The dark hatched bar is the block: how long, and on which line. In the pale band beneath it no
# other task has a bar. The strip asks for a tick every 10 ms: the first one that fell into the
# block came late by the whole of it. And the heart stopped. One task held the loop, and
# **everything** waited.

# %% [markdown]
# ### What was late, and what was lost?
#
# You may have read that a blocked bot *cannot receive events*. Read your log once more: when did bo
# write, and when did the pong come? The event was not lost. It waited at the gateway, and the RESUME
# brought it.
#
# What blocking costs is **time**: everybody's, not only ada's. And with the time, as you will see
# in part 8, every deadline that runs out meanwhile.

# %% [markdown]
# ## 3 · One word
#
# `time.sleep` says: *thread, sleep*. `asyncio.sleep` says: *loop, wake me in 0.9 s, and do
# something else until then*.

# %%
async def roll(ctx, dice):
    await asyncio.sleep(0.9)  # shake the cup
    await ctx.send(f"{ctx.author.name} rolls {throw(dice)}")

# %% [markdown]
# > **Predict.** The cup is shaken for 0.9 s, as before. How often does the gateway hang up?

# %%
predict("?", about="one-word")

# %% experiment="one-word"
gw, report = await evening(roll, ping, chat=CHAT)
tell(gw)
if gw.kills:
    print("Other programs took the processor for so long that no heartbeat left. Run this cell again.")

# %%
predict(about="one-word")

# %%
judge(report, gw)

# %% [markdown]
# ada waits as long as before, and nobody else waits at all. That is the whole art: **a command may
# take as long as it likes, as long as it does not hold the loop while it does**.
#
# **Change it.** Go back to the cell with `time.sleep`, and try 0.1, 0.25 and 0.5 s. From where on
# does the gateway hang up? Is it always the same? (Part 7 has the answer.)

# %% [markdown]
# ## 4 · A page that takes its time
#
# Few bots call `time.sleep`. But many fetch something from the web. Our web server has a page that
# takes its time, 0.9 s:

# %%
import requests

PAGE = servers.http.url + "/quote"
await servers.http.plan(path="/quote", delay=0.9, body="A watched pot never boils.")


async def quote(ctx):
    page = requests.get(PAGE)
    await ctx.send(page.json())

# %% [markdown]
# > **Predict.** There is no `sleep` here, and while the bytes travel Python has nothing to do.
# > What happens?

# %%
predict("?", about="slow-page")

# %% experiment="slow-page"
CHAT = [(0.5, "ada", "!quote"), (0.5, "bo", "!ping"), (1.0, "ada", "!goodnight")]
gw, report = await evening(quote, ping, chat=CHAT)
tell(gw)

# %%
predict(about="slow-page")

# %%
judge(report, gw)

# %% [markdown]
# The picture even names the line. Note what `async def` did for us: nothing. It is the
# *permission* to hand the loop back, not the deed. The deed is an `await` that really waits, and
# an async client has one:

# %%
import aiohttp


async def quote(ctx):
    async with aiohttp.ClientSession() as session, session.get(PAGE) as page:
        await ctx.send(await page.json())


gw, report = await evening(quote, ping, chat=CHAT)
judge(report, gw)

# %% [markdown]
# And when there is no async client, as for the SDK of a language model, a database driver, or ten
# lines of your own? Then send the call to a thread, and await the thread: `page = await
# asyncio.to_thread(requests.get, PAGE)`. The call still blocks, but it blocks a thread that nobody
# needs. Unit 05 is about when that works, and when it does not.
#
# **Change it.** Put that line into `quote`, and run the evening again.

# %% [markdown]
# ## 5 · Two cures to test
#
# ### "Give the heart its own thread"
#
# If the loop can be held, let a thread beat the heart! The folded cell has such a thread, the
# `witness`. Every 0.1 s it asks the loop for a beat. If no beat has come after 0.3 s, it notes the line
# at which the loop's thread is.

# %% jupyter={"source_hidden": true}
import sys
import threading
import traceback


def witness(loop, loop_thread, notes):
    """On a thread of its own: ask the loop for a beat, and note how long it took to come."""
    async def beat():
        pass

    for _ in range(10):
        asked = time.monotonic()
        coming = asyncio.run_coroutine_threadsafe(beat(), loop)
        try:
            coming.result(timeout=0.3)
        except TimeoutError:
            place = traceback.extract_stack(sys._current_frames()[loop_thread])[-1]
            notes.append(f"no beat yet; the loop's thread is at line {place.lineno}: {place.line}")
            coming.result()
        notes.append(f"the beat came after {(time.monotonic() - asked) * 1000:4.0f} ms")
        time.sleep(0.1)

# %%
async def guarded():
    notes = []
    here = asyncio.get_running_loop(), threading.get_ident()
    thread = threading.Thread(target=witness, args=(*here, notes))
    thread.start()
    await asyncio.sleep(0.35)
    time.sleep(0.9)
    await asyncio.to_thread(thread.join)
    return notes

# %% [markdown]
# > **Predict.** `time.sleep(0.9)` holds the loop, the witness has a thread of its own. When do the
# > beats come?

# %%
predict("?", about="heartbeat-thread")

# %% experiment="heartbeat-thread"
report = await watch(guarded)
print(*report.value, sep="\n")

# %%
predict(about="heartbeat-thread")

# %% [markdown]
# The thread ran all the time. It saw that the loop was held, it even saw on which line. But it
# could not *beat*, because beating means writing to the gateway's socket, and the socket belongs
# to the loop. A thread is a **witness, not a rescuer**.
#
# That was no toy. The heart of discord.py has been such a thread all along, also in the evening
# when it stopped:

# %%
import inspect

heart = discord.gateway.KeepAliveHandler
print("a thread:", issubclass(heart, threading.Thread))
lines = inspect.getsource(heart.run).splitlines()
print("its beat:", next(line.strip() for line in lines if "threadsafe" in line))

# %% [markdown]
# And this is where that line in your log comes from. When a beat has not come for 10 seconds,
# discord.py's witness speaks up, and adds its photograph of the loop's thread:
#
# ```
# Shard ID None heartbeat blocked for more than 10 seconds.
# Loop thread traceback (most recent call last):
#   ...
#   File "bot.py", line 21, in roll
#     time.sleep(12)
# ```
#
# The last line of it names the guilty call. Whoever knows that has found most blocked bots in a
# minute.

# %% [markdown]
# ### "Put a timeout around it"
#
# If the loop can be held, do not let it be held for long!

# %%
async def shake():
    time.sleep(0.4)


async def impatient():
    try:
        await asyncio.wait_for(shake(), timeout=0.1)
    except TimeoutError:
        return "TimeoutError"
    return "no TimeoutError"

# %% [markdown]
# > **Predict.** `shake` takes 0.4 s, and we allow it 0.1 s. How does it end, and when?

# %%
predict("?", about="impatient")

# %% experiment="impatient"
report = await watch(impatient)
print(f"{report.value}, after {report.seconds:.2f} s")

# %%
predict(about="impatient")

# %% [markdown]
# A timeout is an alarm clock that the *loop* rings. When the loop is held, it does not ring. With
# `asyncio.sleep(0.4)` in `shake` it would: try it.

# %% [markdown]
# ## 6 · All code blocks, some of it less
#
# "Never block the loop" cannot be done: *all* code holds the loop, some of it for less time.
# `throw("2d6")` holds it for some microseconds. So the question is always **how long**, and against
# which budget:
#
# - **10 ms**: nobody notices, and ten of them in a row are still fine;
# - **100 ms**: what asyncio itself calls slow (its debug mode logs everything beyond). It is the
#   limit in our labs.
#
# So let us measure: twelve ordinary calls of ordinary bots. The two folded cells make what they work
# on: a file, a photo, a long text, and a database that another program holds.

# %% jupyter={"source_hidden": true}
import hashlib
import importlib
import io
import json
import logging
import re
import socket
import sqlite3
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

# %% jupyter={"source_hidden": true}
folder = Path(tempfile.mkdtemp())
(folder / "note.txt").write_text("tea at four. " * 150)
scores = json.dumps([{"name": "ada", "xp": number} for number in range(3500)])
photo = Image.effect_noise((3200, 2400), 64)
log = logging.getLogger("dice")
log.addHandler(logging.FileHandler(folder / "dice.log"))
elsewhere = sqlite3.connect(folder / "xp.db", isolation_level=None)
elsewhere.execute("BEGIN EXCLUSIVE")  # as a backup does, or the bot's website


def add_xp():
    sqlite3.connect(folder / "xp.db", timeout=0.9).execute("CREATE TABLE xp (name, points)")

# %% [markdown]
# And here are the calls themselves:

# %%
CALLS = {
    "throw 2d6": lambda: throw("2d6"),
    "read a file of 2 kB": lambda: (folder / "note.txt").read_text(),
    "log one line": lambda: log.warning("ada rolled 7"),
    "json.loads of 100 kB": lambda: json.loads(scores),
    "look up localhost": lambda: socket.getaddrinfo("localhost", 80),
    "SHA-256 of 10 MB": lambda: hashlib.sha256(bytes(10_000_000)),
    "start a program": lambda: subprocess.run([sys.executable, "-S", "-c", "pass"]),
    "first import of httpx": lambda: importlib.import_module("httpx"),
    "save a photo as PNG": lambda: photo.save(io.BytesIO(), "PNG"),
    "an unlucky pattern": lambda: re.match(r"(a+)+$", "a" * 25 + "!"),
    "requests.get, slow page": lambda: requests.get(PAGE),
    "SQLite, file locked": add_xp,
}

# %% [markdown]
# > **Predict.** Which holds the loop longer: the SHA-256 of 10 million bytes, or 26 letters and
# > the pattern `(a+)+$`?

# %%
predict("?", about="which-is-longer")

# %% experiment="which-is-longer"
figures = {}
for name, call in CALLS.items():
    started = time.perf_counter()
    try:
        call()
    except sqlite3.OperationalError as error:
        print("SQLite gave up at last:", error)
    figures[name] = time.perf_counter() - started

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt


def chart(figures):
    """One row a call, on a scale on which each step to the right is ten times longer."""
    rows = sorted(figures.items(), key=lambda item: item[1])
    figure, axes = plt.subplots(figsize=(8, 4.4))
    for row, (_, seconds) in enumerate(rows):
        mark = "o" if seconds < 0.01 else "^" if seconds < 0.1 else "X"
        axes.plot([1e-6, seconds], [row, row], color="0.8")
        axes.plot(seconds, row, mark, color="black", markersize=8)
        label = f"{seconds:.2f} s" if seconds >= 0.9995 else f"{seconds * 1000:.3g} ms"
        axes.text(1.01, row, label, va="center", transform=axes.get_yaxis_transform())
    for budget in (0.01, 0.1):
        axes.axvline(budget, color="black", linestyle=":", zorder=0)
        axes.text(budget, len(rows) - 0.3, f"{budget * 1000:.0f} ms", ha="center")
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.set(xscale="log", xlim=(3e-6, 5), xlabel="seconds for which the loop stands still")
    show(figure, f"Calls in order of how long they hold the loop: {', '.join(dict(rows))}.")


chart(figures)
print("Too long for a loop:", ", ".join(name for name in figures if figures[name] >= 0.1))

# %%
predict(about="which-is-longer")

# %% [markdown]
# A circle is good, a triangle is between the budgets, a cross is too long; and between the first
# row and the last lie four powers of ten or more. Reading a small file is nothing to worry about:
# sending it to a thread would cost more than it saves. At the other end stand those that stop a
# bot, and they do not look dangerous: a photo, a word that somebody types, a page that is slow
# today, a file that another program holds. Most of them are quick while you test them, and slow
# one evening in #general.
#
# (The import was slow only the first time. Run the cell again: Python remembers.)
#
# **Change it.** Add a call of your own bot to `CALLS`.

# %% [markdown]
# ## 7 · When exactly does the gateway hang up?
#
# A block of 0.9 s is long enough, one of 1 ms is not. And in between? Ask a bot to hold its loop for a
# given time, again and again, at random moments, and count. (The heart of this one beats every 0.1 s,
# so that we need not wait long.)

# %%
async def nap(ctx, seconds: float):
    time.sleep(seconds)
    await ctx.send("awake")

# %%
async def count_kills(seconds, times=8):
    """How many of so many blocks cost the bot its connection; a heartbeat every 0.1 s."""
    gw = await servers.gateway(heartbeat=0.1, grace=2)
    world.point(gw)

    async def bot_life():
        async with make_bot(nap) as bot:
            await bot.start(gw.token)

    async def ada():
        await gw.until(ready=1)
        for number in range(times):
            await asyncio.sleep(random.uniform(0.15, 0.25))  # anywhere between two heartbeats
            await gw.say(f"!nap {seconds}")
            await gw.until(replies=number + 1)
            await gw.until(resumes=gw.kills)
        await gw.say("!goodnight")

    await asyncio.gather(watch(bot_life, timeout=20), ada())
    return gw.kills

# %% [markdown]
# > **Predict.** The loop is held for 0.15 s: longer than one interval, shorter than two. Does the
# > gateway hang up?
#
# Eight tries for each of four lengths take about ten seconds.

# %%
predict("?", about="patience")

# %% experiment="patience"
kills = {seconds: await count_kills(seconds) for seconds in (0.06, 0.15, 0.18, 0.25)}
kills

# %% jupyter={"source_hidden": true}
def share(held, interval=0.1, patience=2):
    """The rule: silence is the block and, before it, 0 to `interval` since the last beat."""
    return min(1, max(0, held / interval - (patience - 1)))


def patience_chart(kills, tries):
    """The rule as a line, how far so few tries scatter as bars, the bot's hang-ups as crosses."""
    figure, axes = plt.subplots(figsize=(8, 3))
    lengths = [step / 1000 for step in range(0, 301)]
    axes.plot(lengths, [share(length) for length in lengths], "k-", label="the rule, computed")
    shares = [count / tries for count in kills.values()]
    rule = [share(held) for held in kills]
    scatter = [2 * (part * (1 - part) / tries) ** 0.5 for part in rule]  # two standard deviations
    axes.errorbar(list(kills), rule, scatter, fmt="none", ecolor="0.6", capsize=6, linewidth=2)
    axes.plot(list(kills), shares, "kX", markersize=9, label=f"your bot, {tries} tries each")
    axes.axvspan(0.1, 0.2, facecolor="0.93")
    axes.text(0.198, 0.02, "grey zone", ha="right")
    axes.set(xlabel="seconds that the loop is held", ylabel="share of hang-ups", ylim=(-0.08, 1.12))
    axes.legend(loc="upper left")
    words = [f"{held:g} s: {count} of {tries}" for held, count in kills.items()]
    show(figure, f"Hang-ups by how long the loop was held. {'; '.join(words)}.")


patience_chart(kills, tries=8)

# %%
predict(about="patience")

# %% [markdown]
# Three regions. Below one interval: never. Above two: always. Between them lies a **grey zone**,
# where it depends on how long ago the last heartbeat was when the block began. With only eight tries
# the results vary: expect each cross within its grey bar, not exactly on the line. (Other programs
# make the silence longer than the block. Then a cross can be higher.)
#
# The grey zone is why such a bot is so hard to catch. The same command, the same work, and it
# fails on Tuesdays. With Discord's interval of 41 s a block in your bot may be in its grey zone
# for months, and every one of those blocks makes every reply late. Which is why this course does
# not ask whether the bot survived. It measures how long the loop stood still.

# %% [markdown]
# ## 8 · The deadline of three seconds
#
# Long before the gateway loses patience, a person does. Whoever uses a slash command must hear
# *something* within **3 seconds**; later, Discord refuses the answer with *Unknown interaction*,
# error 10062. A command that needs longer says first that it is thinking: it **defers**, and sends
# the answer as a follow-up.
#
# In this part, our gateway's deadline is 0.5 s. Here are two versions of `/recap`, which reads the
# day's messages for 0.9 s:

# %%
def make_bot(*functions):
    """As before; a function that takes an `interaction` becomes a slash command."""
    bot = commands.Bot("!", intents=discord.Intents.all(), help_command=None)
    for function in functions:
        slash = "interaction" in inspect.signature(function).parameters
        (bot.tree if slash else bot).command()(function)

    @bot.command()
    async def goodnight(ctx):
        await bot.close()

    return bot


SAYS |= {
    "interaction": "{author:8} /{name}",
    "deferred": "bot      /{name}: thinking ... ({seconds:.2f} s after Enter)",
    "followup": "bot      /{name}: {content} ({seconds:.2f} s after Enter)",
    "refused": "gateway  /{name}: Unknown interaction, {code} ({seconds:.2f} s after Enter)",
}

# %%
async def curt(interaction: discord.Interaction):
    await asyncio.sleep(0.9)  # read the day's messages
    await interaction.response.send_message("nothing happened today")


async def recap(interaction: discord.Interaction):
    await interaction.response.defer()
    await asyncio.sleep(0.9)  # read the day's messages
    await interaction.followup.send("nothing happened today")

# %% [markdown]
# > **Predict.** Neither blocks the loop. Who gets an answer through?

# %%
predict("?", about="too-late-to-think")

# %% experiment="too-late-to-think"
CHAT = [(0.3, "bo", "/curt"), (0.1, "cy", "/recap"), (1.2, "ada", "!goodnight")]
gw, report = await evening(curt, recap, chat=CHAT, interaction_deadline=0.5)
tell(gw)

# %%
predict(about="too-late-to-think")

# %% [markdown]
# Now back to our question. `recap` does everything right. But it is not alone in its bot: bo
# rolls, with the `time.sleep` of part 2, and cy asks for a recap while the cup is being shaken.

# %%
async def roll(ctx, dice):
    time.sleep(0.9)  # shake the cup
    await ctx.send(f"{ctx.author.name} rolls {throw(dice)}")

# %% [markdown]
# > **Predict.** Is cy's `/recap` answered?

# %%
predict("?", about="defer-behind-a-block")

# %% experiment="defer-behind-a-block"
CHAT = [(0.3, "bo", "!roll 2d6"), (0.2, "cy", "/recap"), (1.2, "ada", "!goodnight")]
gw, report = await evening(roll, recap, chat=CHAT, interaction_deadline=0.5)
tell(gw)

# %%
predict(about="defer-behind-a-block")

# %% [markdown]
# Look at who was refused: `recap`, and it was its first line that came too late. The guilty one is
# `roll`, and `roll` worked. **The command that complains is the victim.** When you see *Unknown
# interaction* at a `defer()`, look for what else ran in that second.

# %% [markdown]
# ## In your bot
#
# **Search for** what holds the loop. In the folder of your bot:
#
# ```
# grep -rnE "time\.sleep|requests\.|urllib\.request|subprocess\.(run|call|check_)" --include=*.py .
# grep -rnE "sqlite3\.|psycopg2|pymysql|Image\.open|openai\.|yt_dlp|\.result\(\)" --include=*.py .
# ```
#
# Not every hit is a mistake (part 6!), and not every block is in the list: a long `for` loop has
# no name.
#
# **Before and after**
#
# ```python
# @bot.command()
# async def weather(ctx, city):                                       # before
#     page = requests.get(URL + city)
#     await ctx.send(page.text)
#
# @bot.command()
# async def weather(ctx, city):                                       # after
#     async with bot.session.get(URL + city) as page:
#         await ctx.send(await page.text())
# ```
#
# with one session for the whole bot, made once: `bot.session = aiohttp.ClientSession()` in
# `setup_hook`.
#
# **One change for tonight.** The hang-up is silent, so make it speak. Paste this into your bot,
# and look at your log tomorrow:
#
# ```python
# @bot.event
# async def on_disconnect():
#     print(f"{time.strftime('%X')} the gateway is gone")
#
# @bot.event
# async def on_resumed():
#     print(f"{time.strftime('%X')} back again; this may have been a blocked loop")
# ```
#
# A bot on a good line disconnects now and then, because Discord asks it to. One that does so when
# somebody uses a certain command has a blocked loop.

# %% [markdown]
# ## In practice
#
# <details><summary>The fine print, with sources</summary>
#
# - **The interval.** Discord names it in its first message (HELLO). The example in the
#   documentation is 45 s; bots see 41.25 s. The first beat should come after a random part of the
#   interval; discord.py 2.7 and hikari 2.7 beat at once.
# - **The hang-up.** Discord's documentation promises that a connection without heartbeats "will be
#   closed", and names neither a patience nor a close code for it. Two intervals and 4009 (*session
#   timed out*) are this gateway's choice; the Discord-like servers Spacebar and Fluxer chose 4009
#   too.
# - **Heart and thread.** discord.py and its forks beat from a thread through the loop, hikari from
#   a task. A blocked loop stops both.
# - **`bot.latency` does not show blocking**: it is measured from the moment the late beat was
#   finally sent.
# - **RESUME has a window.** Come back too late and the session is gone; the bot must IDENTIFY, as
#   at its start. That is limited to 1000 times in 24 hours, and when they are used up Discord ends
#   all sessions, resets the bot's token and sends its owner an e-mail.
# - **3 seconds** are for the first answer to an interaction, 15 minutes for what follows it.
# - **A new `ClientSession` for each command**, as in part 4, is fine for a lesson. Unit 07 shows
#   what it costs.
# - **10 ms** is our budget; **100 ms** is the default of `loop.slow_callback_duration`.
#
# Sources: Discord's developer documentation, *Gateway* and *Opcodes and status codes* (repository
# discord-api-docs, commits 0329c530 and 10142939); its pull request #274 for 41.25 s; discord.py
# 2.7.1, `gateway.py`, class `KeepAliveHandler`; hikari 2.7.0, `impl/shard.py`; Python's
# documentation, *Developing with asyncio*.
# </details>

# %% [markdown]
# ## You have seen
#
# - The heart beats through the loop. Whatever holds the loop, holds the heart, and every other
#   command with it.
# - What counts is not how long a command takes, but how long it holds the loop: 10 ms is good, 100
#   ms is too much, and in between it depends on luck.
# - A thread that asks the loop and a timeout that the loop rings are as stuck as the loop itself.
#   What cures is an `await` that really waits: for an async client, or for a thread that does the
#   blocking.
#
# **Next**: the lab of this unit, where you find out how long twelve calls hold the loop, and bring
# a bot with seven broken commands back to life. Then unit 04, for work that nobody can wait for:
# what if it is *your own loop of Python* that takes a second?
