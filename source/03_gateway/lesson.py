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
# - what a heartbeat is, what sends it, and what happens when it does not come;
# - how long is too long: you measure twelve ordinary calls, from microseconds to a second;
# - to test two cures that most people try first.
#
# **You need** `async def`, `await` and tasks: unit 02, and unit 01 if you want to know what is
# behind them. No Discord account and no internet: nothing leaves this machine.

# %%
import asyncio
import inspect
import random
import time

import discord
from discord.ext import commands

from autograder import predict, recall, show, watch, world

servers = await world.start("http")

# %% [markdown]
# First, three questions from units 01 and 02. Run each cell, put a letter in place of the question
# mark, and run it again. (Unit 02 answers all three, if you have skipped unit 01.)

# %%
recall("?", about="where-a-switch-can-be")

# %%
recall("?", about="append-the-pages")

# %%
recall("?", about="which-lines-ran")

# %% [markdown]
# ## 1 · A heart you can listen to
#
# A bot and Discord have one long conversation over one WebSocket, the **gateway**. Everything that
# people write comes through it. But a connection that is quiet and a connection that is dead look
# the same. So Discord asks every bot for a sign of life at a fixed interval, the **heartbeat**, and
# answers each one with an **ACK**. If the heartbeats do not come, Discord assumes that the bot is
# dead, and hangs up.
#
# Discord wants a heartbeat about every 41 seconds. The gateway of this course is much stricter. It
# wants one every **0.2 s**, and it hangs up after two intervals without one, **0.4 s**. Everything
# else is Discord's protocol, and the bot is discord.py from PyPI. Here it is, with two commands:

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
# `evening` opens a fresh gateway, runs the bot on a **watched** loop, and lets people talk to the
# bot. `tell`, in the folded cell, prints what the gateway saw. (JupyterLab shows it live, too, in
# the panel that you open with the heart at the right edge.)

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
            if line.startswith("/"):  # a slash command, in part 6
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
# For one second the chat is quiet. Then ada rolls.

# %%
CHAT = [(1.0, "ada", "!roll 2d6"), (0.3, "ada", "!goodnight")]
gw, report = await evening(roll, ping, chat=CHAT)
tell(gw)

# %% [markdown]
# Each heart is one heartbeat. The bot sends them all day, also when the chat is quiet.
#
# Here is a chart of the same run. What discord.py and aiohttp do for themselves, heartbeats too, is
# in the lane *libraries*. A bar shows when a task **held the loop**. (A block that is too long is
# dark and hatched; there is none here.) A healthy bot holds its loop only for very short times.

# %%
def judge(report, gw=None):
    """The chart of a run, and what a grader would say of it."""
    try:
        display(report.responsive(0.1, gateway=gw))
    except Exception as complaint:  # the check has shown the chart already
        print(complaint)


judge(report, gw)

# %% [markdown]
# ## 2 · Shake the cup
#
# `!roll` answers too fast to be fun. Let us shake the cup a little before the dice fall:

# %%
async def roll(ctx, dice):
    time.sleep(0.9)  # shake the cup
    await ctx.send(f"{ctx.author.name} rolls {throw(dice)}")

# %% [markdown]
# ada rolls. Half a second later, during the shaking, bo writes `!ping`.
#
# > **Predict.** What happens to bo's pong?
#
# Run the next cell to see the choices. Replace the question mark with your letter, run it again,
# then go on.

# %%
predict("?", about="sleep-in-handler")

# %% experiment="sleep-in-handler"
CHAT = [(0.5, "ada", "!roll 2d6"), (0.5, "bo", "!ping"), (1.0, "ada", "!goodnight")]
gw, report = await evening(roll, ping, chat=CHAT)
tell(gw)

# %%
predict(about="sleep-in-handler")

# %% [markdown]
# Read the log slowly, line by line:
#
# 1. `♥ ♥ ♥` The bot is well.
# 2. `ada  !roll 2d6` The loop starts a task for `roll`. The task comes to `time.sleep(0.9)`, and
#    **the thread of the loop goes to sleep**. A heartbeat is due and is not sent, and then another
#    one.
# 3. `gateway  hangs up with 4009` The gateway cannot see into your program. A bot that sleeps looks
#    the same as a bot whose cable was pulled.
# 4. `bo  !ping` The gateway cannot deliver bo's message now, so it keeps it.
# 5. `bot  ada rolls`, `bot  is back` The cup is down, and the loop runs again. It finds the
#    connection closed, connects again, and names the last event that it saw. The gateway replays
#    what came after that: bo's message, and also the bot's own.
# 6. `bot  pong`
#
# The bot did not crash, and the bot itself printed nothing. Most bots log at level INFO and would
# only say "successfully RESUMED"; the hang-up itself is logged at level DEBUG. People only see that
# the bot is "sometimes" slow.

# %% [markdown]
# Here is the same run as the labs judge it, with `report.responsive(0.1, gateway=gw)`: no code may
# hold the loop for 0.1 s, and the bot must keep its connection. When the check fails, it says
# where.

# %%
judge(report, gw)

# %% [markdown]
# The dark, hatched bar is the block, with its length and its line. The lower chart is a test: every
# 10 ms the loop should do a tiny job, a *tick*, and the height shows how late each tick came. The
# first tick that was due during the block came as late as the block was long. One task held the
# loop, and **everything** else waited.

# %% [markdown]
# ### What was late, and what was lost?
#
# You may have read that a blocked bot *cannot receive events*. Look at the log again: when did bo
# write, and when did the pong come? The event was not lost. It waited at the gateway, and the
# RESUME brought it. A block costs **time**, for all people, and a deadline that ends in that time
# is missed (part 6).

# %% [markdown]
# ### The same cup, another sleep
#
# `time.sleep` tells the *thread* to sleep. `asyncio.sleep` tells the *loop*: wake me in 0.9 s, and
# do something else until then.

# %%
async def roll(ctx, dice):
    await asyncio.sleep(0.9)  # shake the cup
    await ctx.send(f"{ctx.author.name} rolls {throw(dice)}")

# %% anchor="one-word"
gw, report = await evening(roll, ping, chat=CHAT)
tell(gw)
if gw.kills:
    print("Other programs took the processor for so long that no heartbeat left. Run this cell again.")
judge(report, gw)

# %% [markdown]
# ada waits as long as before, and bo does not wait at all. The rule is: **a command may take as
# long as it likes, if it holds the loop only for very short times**.
#
# **Change it.** Go back to the cell with `time.sleep`, and try 0.1, 0.25 and 0.5 s. How long must
# the sleep be before the gateway hangs up? Is it always the same length?

# %% [markdown]
# ## 3 · A page that takes its time
#
# Few bots call `time.sleep`. But many fetch something from the web. Our web server has a page that
# takes 0.9 s:

# %%
import requests

PAGE = servers.http.url + "/quote"
await servers.http.plan(path="/quote", delay=0.9, body="A watched pot never boils.")


async def quote(ctx):
    page = requests.get(PAGE)
    await ctx.send(page.json())

# %% [markdown]
# > **Predict.** There is no `sleep` here, and while the page is on its way Python has nothing to
# > do. What happens?

# %%
predict("?", about="slow-page")

# %% experiment="slow-page"
CHAT = [(0.5, "ada", "!quote"), (0.5, "bo", "!ping"), (1.0, "ada", "!goodnight")]
gw, report = await evening(quote, ping, chat=CHAT)
tell(gw)
judge(report, gw)

# %%
predict(about="slow-page")

# %% [markdown]
# The chart even names the line. `async def` did not help. It only makes a function that *can* give
# the loop back, at an `await` that really waits. An async client has such an `await`:

# %%
import aiohttp


async def quote(ctx):
    async with aiohttp.ClientSession() as session, session.get(PAGE) as page:
        await ctx.send(await page.json())


gw, report = await evening(quote, ping, chat=CHAT)
judge(report, gw)

# %% [markdown]
# And if there is no async client, as for many vendors' libraries (SDKs), or for a function of your
# own? Then send the call to a thread, and await the thread: `page = await
# asyncio.to_thread(requests.get, PAGE)`. The call still blocks, but it blocks a thread that nothing
# else needs. Unit 05 is about when that works, and when it does not.
#
# **Change it.** Put that line into the first `quote`, the one with `requests`, in place of its
# first line. Then run that cell again, and the evening after it.

# %% [markdown]
# ## 4 · Two cures to test
#
# ### "Give the heart its own thread"
#
# If the loop can be held, then let a thread send the heartbeats! The folded cell has such a thread,
# the `witness`. Every 0.1 s it asks the loop for a beat. If no beat has come after 0.3 s, it notes
# the line at which the loop's thread is.

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
# > **Predict.** `time.sleep(0.9)` holds the loop, and the witness has a thread of its own. When do
# > the beats come?

# %%
predict("?", about="heartbeat-thread")

# %% experiment="heartbeat-thread"
report = await watch(guarded)
print(*report.value, sep="\n")

# %%
predict(about="heartbeat-thread")

# %% [markdown]
# The thread ran all the time. It saw that the loop was held, and even at which line. But it got no
# beat during that time. A real heartbeat goes out over a socket that belongs to the loop, so a
# thread can only ask the loop for it, as here. The thread can see the block, but it cannot end it.
#
# discord.py's heartbeat comes from such a thread, too. It did so in part 2, and it stopped all the
# same. (discord.py 2.7.1, `gateway.py`, `KeepAliveHandler.run`: it calls
# `run_coroutine_threadsafe`.)

# %% [markdown]
# When a beat has not come for 10 seconds, that thread logs a warning with the stack trace of the
# loop's thread. You may know it from your log:
#
# ```
# Shard ID None heartbeat blocked for more than 10 seconds.
# Loop thread traceback (most recent call last):
#   ...
#   File "bot.py", line 21, in roll
#     time.sleep(12)
# ```
#
# The last line names the call that holds the loop. With it you can find most blocks within a
# minute.

# %% [markdown]
# ### "Put a timeout around it"
#
# If the loop can be held, then do not let it be held for long!

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
# > **Predict.** `shake` takes 0.4 s, and we allow it 0.1 s. How does the call end, and when?

# %%
predict("?", about="impatient")

# %% experiment="impatient"
report = await watch(impatient)
print(f"{report.value}, after {report.seconds:.2f} s")

# %%
predict(about="impatient")

# %% [markdown]
# The *loop* must look at the clock and raise the TimeoutError. While the loop is held, it cannot.
# Try it with `await asyncio.sleep(0.4)` in `shake`: then the TimeoutError comes.

# %% [markdown]
# ## 5 · All code holds the loop: for how long?
#
# You cannot follow the rule "never block the loop", because *all* code holds the loop.
# `throw("2d6")` holds it for some microseconds. So always ask **for how long**, and compare with a
# budget:
#
# - **10 ms**: no person notices it;
# - **100 ms**: asyncio itself calls this slow (its debug mode logs everything above it). It is the
#   limit in our labs.
#
# Let us measure twelve ordinary calls of ordinary bots. The two folded cells make what the calls
# work on: a file, a photo, a long text, and a database that another program has locked.

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
# And here are the calls:

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
    "match a word": lambda: re.match(r"(a+)+$", "a" * 25 + "!"),
    "requests.get, slow page": lambda: requests.get(PAGE),
    "SQLite, file locked": add_xp,
}

# %% [markdown]
# > **Predict.** Which of the two holds the loop longer: the SHA-256 of 10 million bytes, or matching
# > 25 letters and an exclamation mark against the pattern `(a+)+$`?

# %%
predict("?", about="which-is-longer")

# %% experiment="which-is-longer"
figures = {}
for name, call in CALLS.items():
    started = time.perf_counter()
    try:
        call()
    except sqlite3.OperationalError as error:
        print("SQLite stopped waiting:", error)
    figures[name] = time.perf_counter() - started

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt


def chart(figures):
    """One row per call; each step to the right is ten times longer."""
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
    axes.set(xscale="log", xlim=(3e-6, 5), xlabel="seconds for which the loop is held")
    show(figure, f"Calls in order of how long they hold the loop: {', '.join(dict(rows))}.")


chart(figures)
print("Too long for a loop:", ", ".join(name for name in figures if figures[name] >= 0.1))

# %%
predict(about="which-is-longer")

# %% [markdown]
# A circle is good, a triangle is between the two budgets, and a cross is too long. The last call
# takes at least 10,000 times as long as the first. Reading a small file is fine: a thread would
# cost more than it saves. At the other end are the calls that stop a bot: a photo, a word that a
# person types, a slow page, a locked file. They look harmless, and most of them are fast while you
# test them.
#
# (The import was slow only the first time. Run the cell again: Python remembers.)
#
# **Change it.** Add a call of your own bot to `CALLS`.
#
# ### Why only now and then
#
# A block shorter than one heartbeat interval never makes our gateway hang up. A block longer than
# two intervals always does. Between them is a **grey zone**: it depends on how long ago the last
# heartbeat was when the block began. So the same command does the same work, and it fails only now
# and then. With an interval of 41 s, a command can block for seconds every day, and you never see a
# disconnect. Each time, every reply is late. That is why this course does not *only* ask whether the
# bot kept its connection. It also measures for how long the loop was held. (Unit 13 has the experiment.)

# %% [markdown]
# ## 6 · The deadline of three seconds
#
# Long before the gateway hangs up, a person stops waiting. After a slash command the bot must
# answer *something* within **3 seconds**. In this part, our gateway's deadline is 0.5 s. Below the
# folded cell there are two commands that do the same work for 0.9 s, `/curt` and `/recap`:

# %% jupyter={"source_hidden": true}
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
# > **Predict.** `/curt` does not block the loop. What happens to its answer?

# %%
predict("?", about="curt-and-recap")

# %% experiment="curt-and-recap"
CHAT = [(0.3, "bo", "/curt"), (0.1, "cy", "/recap"), (1.2, "ada", "!goodnight")]
gw, report = await evening(curt, recap, chat=CHAT, interaction_deadline=0.5)
tell(gw)

# %%
predict(about="curt-and-recap")

# %% [markdown]
# Discord refuses a late answer, too, with *Unknown interaction* (error 10062). A command that needs
# longer first says that it is thinking: it **defers**, as `recap` does, and sends the answer as a
# follow-up.
#
# Now bo rolls, with the `time.sleep` of part 2, and during the shaking cy asks for a recap.

# %%
async def roll(ctx, dice):
    time.sleep(0.9)  # shake the cup
    await ctx.send(f"{ctx.author.name} rolls {throw(dice)}")

# %% [markdown]
# > **Predict.** Is cy's `/recap` answered?

# %%
predict("?", about="recap-and-roll")

# %% experiment="recap-and-roll"
CHAT = [(0.3, "bo", "!roll 2d6"), (0.2, "cy", "/recap"), (1.2, "ada", "!goodnight")]
gw, report = await evening(roll, recap, chat=CHAT, interaction_deadline=0.5)
tell(gw)

# %%
predict(about="recap-and-roll")

# %% [markdown]
# `recap` was refused, at its first line. But `roll` held the loop, and `roll` worked. **The command
# that complains is the victim.** When you see *Unknown interaction* at a `defer()`, look for what
# else ran in the three seconds before.

# %% [markdown]
# ## In your bot
#
# **Search for** what holds the loop. In the folder of your bot:
#
# ```
# grep -rnE "time\.sleep|requests\.|urllib\.request|subprocess\.(run|call|check_)" --include="*.py" .
# grep -rnE "sqlite3\.|psycopg2|pymysql|Image\.open|openai\.|yt_dlp|\.result\(\)" --include="*.py" .
# ```
#
# Not every hit is a mistake (part 5), and grep cannot find every block, for example a long `for`
# loop of your own.
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
# Make one session for the whole bot in `setup_hook`, a coroutine function that discord.py runs once,
# before it connects:
#
# ```python
# @bot.event
# async def setup_hook():
#     bot.session = aiohttp.ClientSession()
# ```
#
# A slash command defers first:
#
# ```python
# @bot.tree.command()
# async def recap(interaction: discord.Interaction):
#     await interaction.response.defer()                              # within 3 s
#     await interaction.followup.send(await read_the_day())           # within 15 minutes
# ```
#
# **One change for tonight.** Let the bot tell you when its loop was held. Paste this into your bot,
# start it in `setup_hook` with `bot.meter = asyncio.create_task(meter())`, and look at your log
# tomorrow:
#
# ```python
# async def meter():
#     while True:
#         due = time.monotonic() + 0.1
#         await asyncio.sleep(0.1)
#         late = time.monotonic() - due
#         if late > 0.1:
#             print(f"{time.strftime('%X')} the loop was {late:.1f} s late")
# ```
#
# If it prints this line when people use a certain command, that command holds the loop. (Unit 10
# has a tool that also names the line of code.)

# %% [markdown]
# ## In practice
#
# <details><summary>The fine print, with sources</summary>
#
# - **The interval.** Discord names it in its first message (HELLO). The example in the
#   documentation is 45 s; bots see 41.25 s. The first beat should come after a random part of the
#   interval; discord.py 2.7 and hikari 2.7 beat immediately.
# - **The hang-up.** Discord's documentation says that a connection without heartbeats "will be
#   closed". It names no number of intervals and no close code for it. Two intervals and 4009
#   (*session timed out*) are this gateway's choice; the Discord-like servers Spacebar and Fluxer
#   chose 4009 too.
# - **Heart and thread.** discord.py and its forks beat from a thread through the loop, hikari from
#   a task. A blocked loop stops both.
# - **`bot.latency` shows only some of the blocking**: it runs from the moment at which a beat was
#   sent until its ACK is read. A block that made the beat late is not in it.
# - **RESUME has a window.** If the bot comes back too late, the session is gone, and the bot must
#   IDENTIFY, as at its start. That is limited to 1000 times in 24 hours. After that Discord ends
#   all sessions, resets the bot's token and sends its owner an e-mail.
# - **3 seconds** are for the first answer to an interaction, 15 minutes for what follows it.
# - **A new `ClientSession` for each command**, as in part 3, is fine for a lesson. Unit 07 shows
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
# - The heartbeat goes through the loop. Code that holds the loop holds up the heartbeat and all
#   commands.
# - It matters how long a command holds the loop, not how long it takes: 10 ms is good, 100 ms is
#   too long.
# - The cure is an `await` that really waits: for an async client, or for a thread that makes the
#   blocking call. A thread or a timeout that needs the loop is no cure.
#
# **Next**: the lab of this unit. You measure how long twelve calls hold the loop, and repair a bot
# with seven broken commands. Then unit 04: what if *your own loop of Python* takes a second?
