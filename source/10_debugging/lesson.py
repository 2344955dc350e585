# The lesson of unit 10. Every figure in the text is either measured by the cell above it, or cited
# under "In practice". `build` makes notebooks/10_debugging.ipynb of this file. py-spy and pyleak may
# be missing or refused: each of their cells then says so in a sentence, and goes on.

# %% [markdown]
# # 10 · Find out which code blocked the loop
#
# *Which code blocked?*
#
# **You will** take one bot that is slow "sometimes", and examine it with seven tools: asyncio's debug
# mode, a watchdog thread, py-spy in another process, a linter, two guards for tests, and the **probe**,
# the part of `watch` that measures.
#
# **You learn**
# - what each tool names: the victim (the code that was late), the culprit (the code that held the loop),
#   its line, or nothing;
# - what each of them cannot see, so that you know which tool to use first;
# - how to measure lateness, and how not to;
# - what a faster loop does for a bot that blocks.
#
# **You need** units 01 to 06; unit 03 most of all. No Discord account and no internet: nothing
# leaves this machine.

# %%
import asyncio
import re
import sys
import time

import discord
import matplotlib.pyplot as plt

from autograder import predict, recall, show, watch, world
from autograder.lessons import evening, judge, make_bot, tell

servers = await world.start("http")

# %% [markdown]
# First, three questions, from units 09, 08 and 05. Skip those that you have not read.

# %%
recall("?", about="queue-without-size")

# %%
recall("?", about="missing-points")

# %%
recall("?", about="which-job-where")

# %% [markdown]
# ## 1 · Slow "sometimes"
#
# Here are four commands, in a file, because some of today's tools read files. You already know what is
# wrong with three of them. Pretend that you do not, and that the file has three thousand lines.

# %%
# %%writefile slowbot.py
"""Four commands of a bot that is slow "sometimes"."""

import asyncio
import random
import re
import time


def shake_cup():
    time.sleep(0.6)


def throw(dice):
    shake_cup()
    count, sides = dice.split("d")
    return sum(random.randint(1, int(sides)) for _ in range(int(count)))


def unlucky(word):
    return re.match(r"(a+)+$", word) is None


async def roll(ctx, dice):
    await ctx.send(f"{ctx.author.name} rolls {throw(dice)}")


async def greet(ctx):
    time.sleep(0.6)  # as if it were typing
    await ctx.send(f"good evening, {ctx.author.name}")


async def guess(ctx, word):
    await ctx.send("unlucky" if unlucky(word) else "lucky")


async def recap(interaction):
    await interaction.response.defer()
    await asyncio.sleep(0.6)  # the archive takes its time
    await interaction.followup.send("nothing happened today")


# %%
import slowbot

# %% [markdown]
# `make_bot`, `evening` and `tell` are those of unit 04. What a command raises is printed as one line, as
# in your log. Later `prepare` puts tools on the bot's loop.


# %%
def slow_bot(prepare=None):
    """The bot with the four commands of slowbot.py; `prepare(loop)` is called on its loop first."""
    bot = make_bot(slowbot.roll, slowbot.greet, slowbot.guess)

    @bot.tree.command()
    async def recap(interaction: discord.Interaction):
        await slowbot.recap(interaction)

    @bot.tree.error
    async def log(interaction, error):
        print(f"ERROR in /{interaction.command.name}: {error.original}")

    async def setup_hook():
        if prepare is not None:
            prepare(asyncio.get_running_loop())

    bot.setup_hook = setup_hook
    return bot


# %% [markdown]
# ada rolls, and a moment later bo asks for a recap. Tonight a slash command must be answered within
# 0.5 s. Which command does the line that begins with ERROR name?

# %%
# Here `evening` takes a list of lines: (seconds after the line before, who, what).
CHAT = [(0.3, "ada", "!roll 2d6"), (0.05, "bo", "/recap"), (1.5, "ada", "!goodnight")]
gw, report = await evening(slow_bot(), CHAT, interaction_deadline=0.5)
tell(gw)

# %% [markdown]
# `recap` does everything right, and it is the only command in your log, because only a command that
# fails writes there. The log does not mention `roll`. This unit has one question: **which code held
# the loop?**

# %% [markdown]
# ## 2 · Ask asyncio
#
# asyncio has a **debug mode**. It looks at the clock before and after each callback and warns of
# those that took more than `loop.slow_callback_duration`, which is 0.1 s. To turn it on, start your bot
# with `python -X dev bot.py`, or on Linux and macOS with `PYTHONASYNCIODEBUG=1 python bot.py`. The class
# below only breaks long log lines.

# %%
import logging
import textwrap


class Wrapped(logging.Handler):
    """Print what asyncio logs, in lines that fit the page."""

    def emit(self, record):
        print(textwrap.fill(record.getMessage(), 96, subsequent_indent="    "))


logging.getLogger("asyncio").addHandler(Wrapped())


def debug(loop):
    loop.set_debug(True)


# %% [markdown]
# > **Predict.** `!roll` again: `roll` calls `throw`, `throw` calls `shake_cup`, and `shake_cup`
# > sleeps. Which function does the warning name?

# %%
predict("?", about="debug-names")

# %% experiment="debug-names"
CHAT = [(0.3, "ada", "!roll 2d6"), (0.8, "ada", "!goodnight")]
gw, report = await evening(slow_bot(debug), CHAT)

# %%
predict(about="debug-names")

# %% [markdown]
# The end of the line helps: *took 0.6 seconds*. So there **was** a block, in a task called `on_message`.
# The rest names the task's outermost coroutine, a function of discord.py, and the line where it is
# *now*. `shake_cup` returned long before.
#
# Debug mode has a price as well. Here are 5000 switches between tasks that do nothing else, without it
# and with it:


# %%
async def switch(times):
    for _ in range(times):
        await asyncio.sleep(0)


async def relay(debug):
    """The CPU time of 5000 switches between five tasks, in seconds."""
    asyncio.get_running_loop().set_debug(debug)
    began = time.thread_time()
    await asyncio.gather(*(switch(1000) for _ in range(5)))
    return time.thread_time() - began


plain = (await watch(relay, False)).value
debugged = (await watch(relay, True)).value
print(f"{plain * 1e6 / 5000:.1f} us a switch, in debug mode {debugged * 1e6 / 5000:.1f} us:")
print(f"{debugged / plain:.0f} times as much")

# %% [markdown]
# In debug mode, each callback and each task keeps the stack trace of the place where it was made. To
# collect it costs about ten times as much as the switch, or more. So turn debug mode on to look, and
# then off again. Never time anything while it is on.
#
# **Change it.** In `debug`, add `loop.slow_callback_duration = 0.005`, and run the evening again.
# What else took more than 5 ms?

# %% [markdown]
# ## 3 · A thread beside the loop
#
# Unit 03 had a thread beside the loop, the `witness`. Such a thread is called a **watchdog**. It asks the
# loop for a beat, and records the stack trace of the loop's thread when no beat comes. (Such a snapshot is
# called a photograph here.) discord.py's heartbeat thread does it after 10 s, this one after 0.1 s:

# %%
import threading
import traceback


def witness(loop, loop_thread, photos, over):
    """Every 20 ms ask the loop for a beat; if the last is older than 0.1 s, record the stack."""
    last = time.monotonic()

    def beat():
        nonlocal last
        last = time.monotonic()

    while not over.wait(0.02) and not loop.is_closed():
        if time.monotonic() - last > 0.1:
            photos.append(traceback.extract_stack(sys._current_frames()[loop_thread]))
        loop.call_soon_threadsafe(beat)


def camera(loop):
    """Start the witness beside this loop."""
    here = threading.get_ident()
    thread = threading.Thread(target=witness, args=(loop, here, photos, over), daemon=True)
    thread.start()


# %% [markdown]
# > **Predict.** What is on a photograph of `!roll`?

# %%
predict("?", about="two-photographs")

# %% experiment="two-photographs"
photos, over = [], threading.Event()
gw, report = await evening(slow_bot(camera), CHAT)
over.set()
for frame in photos[len(photos) // 2][-5:]:  # one from the middle of the block
    file = frame.filename.replace("\\", "/").rpartition("/")[2]
    print(f"{file:10} line {frame.lineno:<5} {frame.name:10} {frame.line}")
print(len(photos), "photographs in all")

# %%
predict(about="two-photographs")

# %% [markdown]
# You see all calls, from discord.py down to the line that holds the loop. To see the culprit you must
# look *during* the block, from outside the loop. (`sys._current_frames()` has the stack of every thread.)
# The witness costs fifty tiny callbacks per second, needs no library, and can run in your bot day and
# night.
#
# The probe works in the same way. It also measures how much of the time other programs took:

# %%
judge(report, gw)

# %% [markdown]
# ## 4 · From outside, without touching the bot
#
# Your bot on a server has been frozen for a minute. Look in its log first: discord.py's heartbeat thread
# writes "heartbeat blocked" there, with the stack. If there is no such line, or no log, do not restart the
# bot yet! **py-spy** reads the stack of a running Python program from another process. So here the bot
# gets a process of its own:

# %%
# %%writefile run_slowbot.py
"""Run the slow bot; the gateway's address comes in the arguments."""

import sys
from types import SimpleNamespace

import slowbot

from autograder import world
from autograder.lessons import make_bot

rest_url, ws_url, token = sys.argv[1:]
world.point(SimpleNamespace(rest_url=rest_url, ws_url=ws_url))
bot = make_bot(slowbot.roll, slowbot.greet, slowbot.guess)
bot.run(token, log_handler=None)

# %% jupyter={"source_hidden": true}
import os
import shutil

RECORDED = """Thread 4242 (idle): "MainThread"
    shake_cup (slowbot.py:10)
    throw (slowbot.py:14)
    roll (slowbot.py:24)
    wrapped (discord/ext/commands/core.py:239)"""
RECORDED_TREE = """└── (T) Task-1
    └──  main example.py:12
        └──  TaskGroup.__aexit__ Lib/asyncio/taskgroups.py:75
            └──  TaskGroup._aexit Lib/asyncio/taskgroups.py:124
                ├── (T) Sundowning
                │   └──  album example.py:7
                ...         ├── (T) TNDNBTG
                            │   └──  play example.py:4
                            │       └──  sleep Lib/asyncio/tasks.py:702"""
PLAIN = {name: value for name, value in os.environ.items() if "COLOR" not in name}


# %% jupyter={"source_hidden": true}
async def ask(*command):
    """Run a program that looks into another process; return what it said, and why it could not."""
    pipes = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE}
    asked = await asyncio.create_subprocess_exec(*command, env=PLAIN, **pipes)
    said, complaint = (text.decode() for text in await asked.communicate())
    why = (complaint.strip().splitlines() or ["it gave no reason"])[-1]
    return said, f"This system does not let it look: {why}" if asked.returncode else ""


async def py_spy(pid):
    """The first frames that `py-spy dump` shows, or those that it showed elsewhere."""
    folders = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
    program = shutil.which("py-spy", path=folders)
    if program is None:
        return f"py-spy is not installed here (pip install py-spy). Recorded:\n{RECORDED}"
    said, why = await ask(program, "dump", "--pid", str(pid))
    frames = "\n".join(said[said.find("Thread") :].splitlines()[:6])
    return f"{why}. Recorded elsewhere, of this bot:\n{RECORDED}" if why else frames


# %% [markdown]
# Start it, let ada roll, and look while the cup is being shaken:

# %%
gw = await servers.gateway(heartbeat=0.2, grace=9)
address = gw.rest_url, gw.ws_url, gw.token
process = await asyncio.create_subprocess_exec(sys.executable, "run_slowbot.py", *address)
await gw.until(ready=1)
for _ in range(3):  # on a busy machine the first look may come too late
    await gw.say("!roll 2d6")
    await asyncio.sleep(0.2)
    seen = await py_spy(process.pid)
    if "shake_cup" in seen:
        break
print(seen)

# %% [markdown]
# Read it from the bottom: discord.py called `roll`, `roll` called `throw`, `throw` called
# `shake_cup`. *idle* only means that the thread uses no processor just now: it sleeps, and it still holds
# the loop. py-spy stops the program while it looks (unless you give it `--nonblocking`). It needs the
# right to look into another process: on macOS and on most Linux servers `sudo`, in a Docker container
# the capability `SYS_PTRACE`.
#
# ### A list of the tasks
#
# Python 3.14 and newer can read the *tasks* of another process, and what each of them awaits: `python
# -m asyncio pstree PID`. (Python 3.15 also has `python -m profiling.sampling dump --async-aware PID`.)

# %%
TREE = sys.executable, "-m", "asyncio", "pstree", str(process.pid)
said, why = await ask(*TREE) if sys.version_info >= (3, 14) else ("", "This takes Python 3.14")
if process.returncode is None:
    process.kill()
await process.wait()
print(f"{why}. Recorded in Python's documentation:\n{RECORDED_TREE}" if why else said)

# %% [markdown]
# Read it so: each `(T)` is a task, and below it stands what it awaits. (In the recorded example, albums
# and songs are tasks.) On older Pythons a thread in the bot's own process can make such a list:


# %%
def waits_for(task):
    """The chain of coroutines of a task, down to what it awaits."""
    names, awaited = [], task.get_coro()
    while awaited is not None and hasattr(awaited, "cr_await"):
        names.append(awaited.__qualname__)
        awaited = awaited.cr_await
    verb = "waits" if awaited is not None else "-"
    return f"{task.get_name():26} {verb:5} {' > '.join(names[-2:])}"


def list_tasks(loop):
    """Start a thread that lists the tasks of this loop as soon as a beat is 0.25 s late."""

    def look():
        try:
            while True:
                beat = asyncio.run_coroutine_threadsafe(asyncio.sleep(0.02), loop)
                beat.result(timeout=0.25)
        except TimeoutError:
            listed.extend(map(waits_for, asyncio.all_tasks(loop)))

    threading.Thread(target=look, daemon=True).start()


# %% [markdown]
# > **Predict.** The loop is held in `shake_cup`. What do you learn from such a list?

# %%
predict("?", about="ps-of-a-blocked-loop")

# %% experiment="ps-of-a-blocked-loop"
listed = []
gw, report = await evening(slow_bot(list_tasks), CHAT)
print(*sorted(listed), sep="\n")

# %%
predict(about="ps-of-a-blocked-loop")

# %% [markdown]
# This list is good for another problem. A bot can be **blocked**: its loop is held, and nothing works.
# Or a command can be **stuck**: everything else works, but this command waits for a lock, a queue or a
# reply that never comes. A watchdog does not see that. To find a stuck command, make this list while the
# loop is free: with `pstree`, with aiomonitor (a library, see *In practice*), or in a command that prints
# `waits_for(task)` for each task.
#
# ## 5 · Before the bot runs
#
# All tools so far look at a program that runs. **ruff** is a linter: it reads files, and its rules `ASYNC`
# find calls that should not be in a coroutine. This is what it finds in `slowbot.py`:

# %%
import subprocess

RUFF = ["ruff", "check", "--isolated", "--no-cache", "--select=ASYNC", "--output-format=concise"]
found = subprocess.run(
    [sys.executable, "-m", *RUFF, "slowbot.py"], capture_output=True, text=True, env=PLAIN
)
print(found.stdout)

# %% [markdown]
# It takes milliseconds, and nothing runs. ruff finds the `time.sleep` in an `async def`. It does not find
# the one in `shake_cup`, a plain function, because ruff does not follow calls.
#
# Two guards for **tests** find more. **blockbuster** has a list of blocking calls, and replaces each of
# them with a function that raises an error. **pyleak** watches the loop from a thread, as our witness
# does, and raises if the loop was late. Here are both, in an ordinary test file:

# %%
# %%writefile test_slowbot.py
import asyncio
from unittest.mock import AsyncMock  # a stand-in for Discord: everything can be awaited

import pytest
import slowbot
from blockbuster import blockbuster_ctx

COMMANDS = {
    "greet": lambda: slowbot.greet(AsyncMock()),
    "roll": lambda: slowbot.roll(AsyncMock(), "2d6"),
    "guess": lambda: slowbot.guess(AsyncMock(), "a" * 24 + "!"),
    "recap": lambda: slowbot.recap(AsyncMock()),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_blockbuster(name):
    with blockbuster_ctx():
        asyncio.run(COMMANDS[name]())


@pytest.mark.parametrize("name", COMMANDS)
def test_pyleak(name):
    pyleak = pytest.importorskip("pyleak")

    async def run():
        async with pyleak.no_event_loop_blocking(action="raise", threshold=0.1):
            await asyncio.sleep(0.05)  # let it begin to watch
            await COMMANDS[name]()

    asyncio.run(run())


# %% [markdown]
# > **Predict.** `shake_cup` sleeps, `unlucky` computes. Which of the two does blockbuster catch?

# %%
predict("?", about="blockbuster-sees")

# %% experiment="blockbuster-sees"
PYTEST = ["pytest", "-q", "-rfs", "--tb=no", "-p", "no:cacheprovider", "-c", os.devnull]
ran = subprocess.run(
    [sys.executable, "-m", *PYTEST, "--rootdir=.", "test_slowbot.py"],
    capture_output=True,
    text=True,
    env=PLAIN,
)
print(*(line[:100] for line in ran.stdout.splitlines() if "test_slowbot" in line), sep="\n")

# %%
predict(about="blockbuster-sees")

# %% [markdown]
# blockbuster refuses each call on its list, whether the call takes a millisecond or a minute. pyleak
# measures time, so in most runs it finds the regular expression in `unlucky`, too. (Its thread needs the
# GIL, and one call to C code can keep the GIL until it is too late.) On a busy machine pyleak can also
# report a block where there was none, because it does not know whether your code held the loop or another
# program took the processor.
#
# ## 6 · All tools, the same bot
#
# Each command runs on a watched loop in debug mode, with the witness beside it. Then it runs again
# without these two, for our probe, because debug mode and the witness slow the loop down. ruff and the
# two guards have run already. Which tool notices a block, and which tool names the line?

# %% jupyter={"source_hidden": true}
import contextlib
import inspect
import io

from test_slowbot import COMMANDS

LINES = {"greet": "time.sleep", "roll": "time.sleep", "guess": "re.match", "recap": "no line"}


async def examine(command):
    """Run one command as a task, as a bot does, with debug mode and the witness on its loop."""
    asyncio.get_running_loop().set_debug(True)
    camera(asyncio.get_running_loop())
    await asyncio.sleep(0.1)
    await asyncio.create_task(COMMANDS[command]())
    await asyncio.sleep(0.1)


async def probed(command):
    await asyncio.create_task(COMMANDS[command]())


# %% jupyter={"source_hidden": true}
def knows(said, line):
    """What a tool that said this knows of a block at that line."""
    return "names the line" if line in said else "notices" if said else "-"


def ruff_on(command):
    """Whether ruff found a line of this function."""
    lines, first = inspect.getsourcelines(getattr(slowbot, command))
    at = [int(number) for number in re.findall(r"slowbot.py:(\d+)", found.stdout)]
    return "names the line" if any(first <= n < first + len(lines) for n in at) else "-"


def guard_on(command, guard):
    """Whether a guard's test of this command failed."""
    if guard == "pyleak" and "SKIPPED" in ran.stdout:
        return "not installed"
    failed = f"FAILED test_slowbot.py::test_{guard}[{command}]" in ran.stdout
    return "names the line" if failed else "-"


# %%
table = {}
for command, line in LINES.items():
    photos, over = [], threading.Event()
    with contextlib.redirect_stdout(io.StringIO()) as log:
        await watch(examine, command)
    over.set()
    blocks = (await watch(probed, command)).blocks
    table[command] = {
        "debug mode": knows(log.getvalue(), line),
        "witness": knows("".join(f.line for photo in photos for f in photo), line),
        "our probe": knows("".join(b.code for b in blocks if b.seconds > 0.1), line),
        "ruff": ruff_on(command),
        "blockbuster": guard_on(command, "blockbuster"),
        "pyleak": guard_on(command, "pyleak"),
    }
for tool in ("", *table["greet"]):
    print(f"{tool:16}", *(f"{row.get(tool, name):15}" for name, row in table.items()))

# %% [markdown]
# (py-spy looks at the same stack as the witness, if you call it during the block.) Read the table by
# columns. Every tool notices a sleep in the coroutine itself (`greet`), so begin with ruff, which is the
# easiest to use. For a sleep two calls further down (`roll`) you need a tool that runs the code. Only
# tools that measure time find code that *computes* (`guess`). In the last column no tool should say
# anything: `recap` waits in an `await` and does not hold the loop.
#
# **Change it.** In the cell that begins with `%%writefile slowbot.py`, let `roll` await
# `asyncio.to_thread(throw, dice)`. Then restart the kernel and run all cells. In which columns
# does no tool report anything now?
#
# ## 7 · A meter that is wrong
#
# How late is the loop? Many people write a meter for this. It asks the loop for a tick every few
# milliseconds, notes how late the tick came, and reports the 99th percentile: one tick in a hundred is
# later than that. Here is such a meter:


# %%
async def naive_meter(seconds, period=0.005):
    """How late each tick came, in seconds."""
    lateness = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        await asyncio.sleep(period)
        lateness.append(time.perf_counter() - began - period)
    return lateness


async def hiccup(after, seconds):
    await asyncio.sleep(after)
    time.sleep(seconds)


async def measured():
    lateness, _ = await asyncio.gather(naive_meter(2.0), hiccup(0.7, 0.5))
    return lateness


# %% [markdown]
# > **Predict.** The loop is held for half a second out of two. Which 99th percentile does this meter
# > report?

# %%
predict("?", about="meter-of-5-ms")

# %% experiment="meter-of-5-ms"
report = await watch(measured)
naive = report.value
p99 = sorted(naive)[int(len(naive) * 0.99)]
print(f"{len(naive)} ticks, 99th percentile: {p99 * 1000:.1f} ms, maximum: {max(naive):.2f} s")
print(f"the meter of `watch`:  99th percentile: {report.lag(99) * 1000:.0f} ms")

# %%
predict(about="meter-of-5-ms")

# %% [markdown]
# Both measured the same two seconds. Here are their ticks:


# %% jupyter={"source_hidden": true}
def two_meters(naive, honest):
    """The ticks of both meters over time, on one scale."""
    figure, axes = plt.subplots(2, figsize=(9, 3.6), sharex=True, sharey=True, layout="constrained")
    at, moments, words = 0.0, [], []
    for late in naive:
        at += 0.005 + late
        moments.append(at)
    due, lateness = zip(*honest, strict=True)
    names = "naive", "on a fixed schedule"
    for pane, when, late, name in zip(axes, (moments, due), (naive, lateness), names, strict=True):
        pane.vlines(when, 0, late, color="black", linewidth=1)
        pane.plot(when, late, "k.", markersize=3)
        words.append(f"{name}: ticks later than 0.1 s: {sum(one > 0.1 for one in late)}")
        pane.set_title(words[-1], loc="left", fontsize=10)
        pane.set_ylabel("late, s")
    axes[1].set_xlabel("seconds (above: when the tick came; below: when it was due)")
    show(figure, f"How late the ticks of both meters came. {'; '.join(words)}.")


two_meters(naive, report.record.late)

# %% [markdown]
# The naive meter runs on the loop. While the loop is held, the meter waits, too, and afterwards it notes
# *one* late tick. A block of half a second makes one late tick, and so does a block of a minute.
#
# But people write at any time. A message that comes during that half second waits until the block ends,
# and so does a heartbeat. An honest meter has its ticks at **fixed times**, `start + n * period`, and
# counts every tick that was *due*, also during a block. A block of 0.5 s in a run of 2 s then makes a
# quarter of all ticks late. (The naive meter's mistake is known as *coordinated omission*.)
#
# ## 8 · A faster loop
#
# **uvloop** is another event loop. It uses libuv, the loop of Node.js. Many bots use it, with one line,
# `uvloop.run(main())`, and it *is* faster. First we measure its own work: messages over a socket.


# %%
async def chatter(rounds):
    """The CPU time of `rounds` messages, there and back over a local socket, in seconds."""

    async def answer(reader, writer):
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1") as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for number in range(rounds + 500):  # the first 500 are for warming up
            if number == 500:
                began = time.thread_time()
            writer.write(b"ping\n")
            await reader.readline()
        took = time.thread_time() - began
        writer.close()
    return took


async def shaken():
    await COMMANDS["roll"]()


# %% [markdown]
# > **Predict.** `!roll` runs on uvloop, with the 0.6 s in `shake_cup`. For how long is the loop held?

# %%
predict("?", about="roll-on-uvloop")

# %% experiment="roll-on-uvloop"
LOOPS = ["asyncio", "uvloop"] if sys.platform != "win32" else ["asyncio"]
for loop in LOOPS:
    chat = await watch(chatter, 5000, loop=loop)
    block = await watch(shaken, loop=loop)
    print(f"{loop:8} 5000 messages cost {chat.value:.2f} s of CPU time; ", end="")
    print(f"`roll` holds the loop for {block.longest_block:.2f} s")
if sys.platform == "win32":
    print("uvloop is made for Linux and macOS; winloop is the same for Windows.")

# %%
predict(about="roll-on-uvloop")

# %% [markdown]
# A faster loop handles more messages in the same time. That is good for a bot without blocks. It neither
# finds nor repairs a block.

# %% [markdown]
# ## In your bot
#
# **Search for** the blocks that you can find without running anything, in the folder of your bot:
#
# ```
# pip install ruff
# ruff check --select ASYNC .
# ```
#
# **Before and after**
#
# ```python
# bot.run(TOKEN)                                       # before
#
# async def main():                                    # after, for one evening
#     discord.utils.setup_logging()
#     async with bot:
#         await bot.start(TOKEN)
#
# asyncio.run(main(), debug=True)
# ```
#
# **One change for tonight.** Run `pip install py-spy` on your server, and save these two lines where you
# find them:
#
# ```
# pgrep -fa bot.py
# sudo "$(which py-spy)" dump --pid NUMBER
# ```
#
# The first line lists programs that have `bot.py` in their command, each with its number. There may be
# several: a shell that started the bot, or an editor. Take the number of the line whose command begins
# with `python` or with its path. (On macOS the option is `-fl`.) The next time your bot is frozen, run
# both *before* you restart it. The line that holds the loop is under "MainThread". After a restart it
# is gone.
#
# And know the names of tasks in discord.py, as debug mode and lists of tasks show them:
#
# | the name begins with | it runs |
# |---|---|
# | `discord.py: on_message` | a prefix command, or your `on_message` |
# | `CommandTree-invoker` | a slash command |
# | `discord-ext-tasks: ` | a `tasks.loop` |
# | `discord-ui-view-dispatch-` | a button or a select |
#
# For all other nights there is [work/toolbox/loopwatch.py](../toolbox/loopwatch.py), a watchdog in one
# file, without any dependency. Copy it beside your bot.

# %% [markdown]
# ## In practice
#
# <details><summary>The fine print, with sources</summary>
#
# - **Debug mode** also checks that coroutines are awaited, that callbacks come from the right
#   thread, and says where a task was made. Source: Python's documentation, *Developing with
#   asyncio*. What a switch costs depends on how deep the stack is from which it is made.
# - **Wall time** is what debug mode, our witness and pyleak measure. On a busy machine a callback is also
#   slow because other programs use the processor. Another project raised its threshold for that
#   (modal-labs/synchronicity, pull request 274, to 0.5 s). Our probe subtracts this time.
# - **`faulthandler.dump_traceback_later`** is a watchdog in C. In our tests it named 77 of 77 lines, but
#   it crashed the program in one run of three.
# - **A watchdog and a C call.** While one call to C code keeps the GIL, as `re.match` does, no other
#   Python thread can look. The photograph is taken immediately after the call, when Python is still on
#   that line.
# - **aiomonitor** shows the list of tasks while the bot runs, also when its loop is blocked, because it
#   lives on a thread of its own. In the bot: `monitor = aiomonitor.start_monitor(loop)`. At a terminal:
#   `python -m aiomonitor.cli`, and then `ps`.
# - **blockbuster** knows some dozens of calls (`time.sleep`, files, sockets, `sqlite3`, locks);
#   MCP's Python SDK and Starlette run their tests under it. It does not measure time: it refuses a sleep
#   of one millisecond, too.
# - **discord.py's own watchdog** logs after 10 s ("heartbeat blocked for more than 10 seconds"), with
#   the same stack trace: `discord/gateway.py`, class `KeepAliveHandler`.
# - **uvloop**: use `uvloop.run(main())`. Since Python 3.14 the older way,
#   `asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())`, is deprecated. For Windows there is winloop.
#
# Sources: py-spy's README; Python 3.14's documentation, *Command-line introspection tools*, for
# the recorded tree; READMEs of aiomonitor 0.7, blockbuster 1.5 and pyleak 0.2; Gil Tene's talks for
# the name of the meter's mistake.
# </details>

# %% [markdown]
# ## You have seen
#
# - The log names the victim. The culprit is on the stack only while it holds the loop. So look during the
#   block: with a watchdog thread, or with py-spy from outside.
# - ruff reads files, blockbuster refuses calls on its list, debug mode and pyleak measure time. No tool
#   finds everything.
# - A meter that waits for the loop counts a long block as one late tick. And on a faster loop a block is
#   just as long.
#
# **Next**: the lab, where you repair six commands whose faults are hard to see, and build a watchdog for
# your own bot. Then unit 11: how to find out whether a library blocks *before* your bot depends on it.
