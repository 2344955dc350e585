# The lesson of unit 10. Every figure in the text is either measured by the cell above it, or cited
# under "In practice". `build` makes notebooks/10_debugging.ipynb of this file. py-spy, pyleak and
# aiomonitor may be missing or refused: each of their cells then says so in a sentence, and goes on.

# %% [markdown]
# # 10 · Find out who blocked the loop
#
# *Who blocked?*
#
# **You will** take one bot that is slow "sometimes", and show it to every tool there is: asyncio's
# own debug mode, a thread with a camera, a debugger from another process, a linter, two guards for
# tests, and the probe of this course.
#
# **You learn**
# - what each tool names: the victim, the culprit, its line, or nothing;
# - what each of them cannot see, so that you know which tool to use first;
# - how to measure lateness, and how not to;
# - what a faster loop does for a bot that blocks.
#
# **You need** units 01 to 06; unit 03 most of all. No Discord account and no internet: nothing
# leaves this machine. The lesson takes 25 to 40 minutes, the lab after it 20 to 45.

# %%
import asyncio
import random
import re
import sys
import time

import discord
from discord.ext import commands

from autograder import predict, recall, show, watch, world

servers = await world.start("http")

# %% [markdown]
# First, three questions from earlier units.

# %%
recall("?", about="bounded-queue")

# %%
recall("?", about="not-committed")

# %%
recall("?", about="which-job-where")

# %% [markdown]
# ## 1 · Slow "sometimes"
#
# Here is the patient: four commands, in a file of their own, because some of today's tools read
# files. You already know what is wrong with three of them. Pretend that you do not, that it is
# three thousand lines, and that somebody else wrote them.

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
# An evening in #general, as in unit 03: a gateway that wants a heartbeat every 0.2 s, and a bot on
# a watched loop. A slash command must be answered within 0.5 s tonight. What a command raises is
# printed as one line, as your log would have it. The two folded cells hold the gateway and its
# diary.


# %%
def make_bot():
    """The bot with the four commands of slowbot.py, and `!goodnight`."""
    bot = commands.Bot("!", intents=discord.Intents.all(), help_command=None)
    for command in (slowbot.roll, slowbot.greet, slowbot.guess):
        bot.command()(command)

    @bot.tree.command()
    async def recap(interaction: discord.Interaction):
        await slowbot.recap(interaction)

    @bot.tree.error
    async def log(interaction, error):
        print(f"ERROR in /{interaction.command.name}: {error.original}")

    @bot.command()
    async def goodnight(ctx):
        await bot.close()

    return bot


# %% jupyter={"source_hidden": true}
async def evening(chat, prepare=None):
    """One evening in #general; `chat` lists (seconds after the line before, who, what).

    `prepare(loop)` is called on the bot's loop before the bot starts.
    """
    gw = await servers.gateway(heartbeat=0.2, grace=2, interaction_deadline=0.5)
    world.point(gw)

    async def bot_life():
        if prepare is not None:
            prepare(asyncio.get_running_loop())
        async with make_bot() as bot:
            await bot.start(gw.token)

    async def people():
        await gw.until(ready=1)
        for pause, who, line in chat:
            await asyncio.sleep(pause)
            await (gw.interact(line[1:], user=who) if line[0] == "/" else gw.say(line, author=who))

    report, _ = await asyncio.gather(watch(bot_life), people())
    return gw, report


# %% jupyter={"source_hidden": true}
SAYS = {
    "say": "{author:8} {content}",
    "reply": "bot      {content}",
    "killed": "gateway  hangs up with {code}: no heartbeat for {gap:.2f} s",
    "resumed": "bot      is back and RESUMEs",
    "interaction": "{author:8} /{name}",
    "deferred": "bot      /{name}: thinking ...",
    "followup": "bot      /{name}: {content}",
    "refused": "gateway  /{name}: Unknown interaction, {seconds:.2f} s after Enter",
}


def tell(gw):
    """Print what the gateway saw, one line an event."""
    for event in gw.log:
        if event["event"] in SAYS:
            print(f"{event['t']:7.2f} s  {SAYS[event['event']].format(**event)}")


# %% [markdown]
# ada rolls, and a moment later bo asks for a recap.
#
# > **Predict.** Something will go wrong. Whose name stands in the line that begins with ERROR?

# %%
predict("?", about="who-complains")

# %% experiment="who-complains"
CHAT = [(0.3, "ada", "!roll 2d6"), (0.05, "bo", "/recap"), (1.5, "ada", "!goodnight")]
gw, report = await evening(CHAT)
tell(gw)

# %%
predict(about="who-complains")

# %% [markdown]
# `recap` is the one command in that file that does everything right, and it is the only one in your
# log. `roll` is not mentioned. All of the evenings in this unit have that one question: **who held
# the loop?**

# %% [markdown]
# ## 2 · Ask asyncio
#
# asyncio has a **debug mode**. It looks at the clock before and after each callback and warns of
# those that took more than `loop.slow_callback_duration`, which is 0.1 s. In a file you would turn
# it on with `PYTHONASYNCIODEBUG=1 python bot.py`; here, on the bot's loop itself. The handler below
# only wraps the long lines.

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
# > **Predict.** `!roll` again: `roll` calls `throw`, `throw` calls `shake_cup`, and that one
# > sleeps. Which function does the warning name?

# %%
predict("?", about="debug-names")

# %% experiment="debug-names"
CHAT = [(0.3, "ada", "!roll 2d6"), (0.8, "ada", "!goodnight")]
gw, report = await evening(CHAT, prepare=debug)

# %%
predict(about="debug-names")

# %% [markdown]
# The end of the line is worth a lot: *took 0.6 seconds*. So there **was** a block, and it was a
# task called `on_message`. The rest names discord.py's code, where the task stands *now*, after the
# fact. `shake_cup` has long returned.
#
# Debug mode has a price as well. A thousand switches between tasks that do nothing else, without it
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


# %% [markdown]
# > **Predict.** How much slower is that loop in debug mode?

# %%
predict("?", about="debug-price")

# %% experiment="debug-price"
plain = (await watch(relay, False)).value
debugged = (await watch(relay, True)).value
print(f"{plain * 1e6 / 5000:.1f} us a switch, in debug mode {debugged * 1e6 / 5000:.1f} us:")
print(f"{debugged / plain:.0f} times as much")

# %%
predict(about="debug-price")

# %% [markdown]
# That is why it is off unless you ask for it. Turn it on to look, and off again; and never time
# anything while it is on.
#
# **Change it.** In `debug`, add `loop.slow_callback_duration = 0.005`, and run the evening again.
# What else took more than 5 ms?

# %% [markdown]
# ## 3 · A witness with a camera
#
# To see the culprit one must look *during* the block, and so from outside of the loop. You met the
# trick in unit 03: a thread that asks the loop for a beat, and takes a photograph when none comes.
# discord.py's heartbeat does it after 10 seconds. Here it is with a tenth of one:

# %%
import threading
import traceback


def witness(loop, loop_thread, photos, over):
    """Every 20 ms ask the loop for a beat; when the last is older than 0.1 s, photograph."""
    last = time.monotonic()

    def beat():
        nonlocal last
        last = time.monotonic()

    while not over.wait(0.02) and not loop.is_closed():
        if time.monotonic() - last > 0.1:
            photos.append(traceback.extract_stack(sys._current_frames()[loop_thread]))
        loop.call_soon_threadsafe(beat)


# %%
def camera(loop):
    """Start the witness beside this loop."""
    here = threading.get_ident()
    thread = threading.Thread(target=witness, args=(loop, here, photos, over), daemon=True)
    thread.start()


# %% [markdown]
# `sys._current_frames()` is the camera: it has the stack of every thread as it is at this moment.
#
# > **Predict.** What is on a photograph of `!roll`?

# %%
predict("?", about="two-photographs")

# %% experiment="two-photographs"
photos, over = [], threading.Event()
gw, report = await evening(CHAT, prepare=camera)
over.set()
for frame in photos[len(photos) // 2][-5:]:  # one from the middle of the block
    file = frame.filename.replace("\\", "/").rpartition("/")[2]
    print(f"{file:10} line {frame.lineno:<5} {frame.name:10} {frame.line}")
print(len(photos), "photographs in all")

# %%
predict(about="two-photographs")

# %% [markdown]
# The whole way down, and the guilty line at the bottom of it. It costs fifty tiny callbacks a
# second, it needs no library, and it can run in your bot day and night. In the lab you build one
# that says one good sentence for each block, instead of taking thirty photographs of it.
#
# The probe of this course, which has drawn all those pictures for you, works the same way; in
# addition it takes the time, and finds out what was your code's fault and what the machine's:


# %%
def judge(report, gw=None):
    """The picture of a run, and what a grader would say of it."""
    try:
        display(report.responsive(0.1, gateway=gw))
    except Exception as complaint:  # the picture is shown before the check complains
        print(complaint)


judge(report, gw)

# %% [markdown]
# ## 4 · From outside, without touching the bot
#
# Your bot has been frozen for a minute, on a server somewhere, and it has no witness. Do not
# restart it! **py-spy** reads the stack of a running Python program from another process, and the
# program needs to know nothing of it. So for once the bot gets a process of its own:

# %%
# %%writefile run_slowbot.py
"""Run the slow bot; the gateway's address comes in the arguments."""

import sys
from types import SimpleNamespace

import discord
import slowbot
from discord.ext import commands

from autograder import world

rest_url, ws_url, token = sys.argv[1:]
world.point(SimpleNamespace(rest_url=rest_url, ws_url=ws_url))
bot = commands.Bot("!", intents=discord.Intents.all(), help_command=None)
for command in (slowbot.roll, slowbot.greet, slowbot.guess):
    bot.command()(command)
bot.run(token, log_handler=None)

# %% jupyter={"source_hidden": true}
import os
import shutil

RECORDED = """(recorded, of this very bot)
Thread 4242 (idle): "MainThread"
    shake_cup (slowbot.py:10)
    throw (slowbot.py:14)
    roll (slowbot.py:24)
    wrapped (discord/ext/commands/core.py:239)"""
PLAIN = {name: value for name, value in os.environ.items() if "COLOR" not in name}
HERE = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])


# %% jupyter={"source_hidden": true}
async def py_spy(pid):
    """The first frames that `py-spy dump` shows, or why it cannot, and what it would have shown."""
    program = shutil.which("py-spy", path=HERE)
    if program is None:
        return f"py-spy is not installed here (pip install py-spy).\n{RECORDED}"
    pipes = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE}
    order = program, "dump", "--pid", str(pid)
    spy = await asyncio.create_subprocess_exec(*order, env=PLAIN, **pipes)
    said, complaint = (text.decode() for text in await spy.communicate())
    if spy.returncode:
        why = (complaint.strip().splitlines() or ["it gave no reason"])[-1]
        return f"This system does not let py-spy look into another process: {why}\n{RECORDED}"
    return "\n".join(said[said.find("Thread") :].splitlines()[:6])


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
if process.returncode is None:
    process.kill()
await process.wait()
print(seen)

# %% [markdown]
# Read it from the bottom: discord.py called `roll`, `roll` called `throw`, `throw` called
# `shake_cup`. Two things to know: without `--nonblocking` py-spy stops the program for the moment
# of the look; and to look into another process one needs the right to do so. On macOS that is
# `sudo`, in a Docker container the capability `SYS_PTRACE`.
#
# ### The list of those who wait
#
# From Python 3.14 on, `python -m asyncio pstree PID` reads the *tasks* of another process, and
# what each of them awaits. This course runs on 3.11 to 3.13, so here is a **recorded** output,
# shortened, from Python's own documentation:
#
# ```
# $ python -m asyncio pstree 12345
# └── (T) Task-1
#     └──  main example.py:12
#         └──  TaskGroup.__aexit__ Lib/asyncio/taskgroups.py:75
#             └──  TaskGroup._aexit Lib/asyncio/taskgroups.py:124
#                 ├── (T) Sundowning
#                 │   └──  album example.py:7
#                 ...         ├── (T) TNDNBTG
#                             │   └──  play example.py:4
#                             │       └──  sleep Lib/asyncio/tasks.py:702
# ```
#
# **aiomonitor** shows such a list for older Pythons: two lines in your bot, and you can call on it
# with telnet, even while its loop is blocked, because it lives on a thread of its own. Both do in
# essence this, here from the thread of our witness:


# %%
def waits_for(task):
    """The chain of coroutines of a task, down to what it awaits."""
    names, awaited = [], task.get_coro()
    while awaited is not None and hasattr(awaited, "cr_await"):
        names.append(awaited.__qualname__)
        awaited = awaited.cr_await
    verb = "waits" if awaited is not None else "waits for NOTHING"
    return f"{task.get_name():26} {verb:18} {' > '.join(names[-2:])}"


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
gw, report = await evening(CHAT, prepare=list_tasks)
print(*sorted(listed), sep="\n")

# %%
predict(about="ps-of-a-blocked-loop")

# %% [markdown]
# The list is made for another illness. A bot can be **blocked**: its loop stands still, and nothing
# works. Or a command can be **stuck**: everything else works, and that one waits for a lock, a
# queue or a reply that never comes. For the stuck one, this list is the tool, and no watchdog will
# ever see it.
#
# The same question, put to aiomonitor, where it is installed. (At a terminal you would say `python
# -m aiomonitor.cli` and then `ps`.)

# %%
import importlib.util


def monitored(loop):
    """Start aiomonitor beside this loop, and list the tasks as its command `ps` does."""
    import aiomonitor

    monitor = aiomonitor.start_monitor(loop, port=0, webui_port=0, console_enabled=False)

    def look():
        time.sleep(0.7)
        listed.extend(monitor.format_running_task_list("", False))
        monitor.close()

    threading.Thread(target=look, daemon=True).start()


# %%
listed = []
if importlib.util.find_spec("aiomonitor") is None:
    print("aiomonitor is not installed here (pip install aiomonitor); its list looks like ours.")
else:
    gw, report = await evening(CHAT, prepare=monitored)
for task in sorted(listed, key=lambda task: task.name):
    print(f"{task.name.replace('None', '-'):26} {task.state:8} {task.coro}")

# %% [markdown]
# ## 5 · Before anybody is slow
#
# All tools so far look at a program that runs. Cheaper is the mistake that is never deployed.
# **ruff** is a linter: it reads files, and its rules `ASYNC` know what does not belong into a
# coroutine.
#
# > **Predict.** What does it find in `slowbot.py`?

# %%
predict("?", about="ruff-sees")

# %% experiment="ruff-sees"
import subprocess

RUFF = ["ruff", "check", "--isolated", "--no-cache", "--select=ASYNC", "--output-format=concise"]
found = subprocess.run(
    [sys.executable, "-m", *RUFF, "slowbot.py"], capture_output=True, text=True, env=PLAIN
)
print(found.stdout)

# %%
predict(about="ruff-sees")

# %% [markdown]
# In milliseconds, and without running anything. And `shake_cup` it does not see: a text does not
# say who calls whom.
#
# Two guards for **tests** go further. **blockbuster** replaces the calls that it knows to block by
# functions that raise. **pyleak** watches the loop from a thread, as our witness does, and raises
# when it was late. Here are both, in an ordinary test file:

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
# blockbuster's verdict does not depend on the day: what is on its list is refused, be it a
# millisecond or a minute. pyleak takes the time, so it sees the pattern too, mostly: its thread
# must get a turn, and behind a single call into C it sometimes gets it too late. On a busy machine
# it can also err to the other side, because being late and being blocked look the same to it.
#
# ## 6 · All of them, the same bot
#
# Now all together. Each command runs on a watched loop in debug mode, with the witness beside it.
# Then it runs once more, without these two, for our probe: debug mode and the photographs take time
# on that loop themselves. ruff and the two guards have had their say. Which tool notices, and which
# tool names the line? The folded cells ask each tool.

# %% jupyter={"source_hidden": true}
import inspect
from unittest.mock import AsyncMock

RUNS = {
    "greet": (lambda: slowbot.greet(AsyncMock()), "time.sleep"),
    "roll": (lambda: slowbot.roll(AsyncMock(), "2d6"), "time.sleep"),
    "guess": (lambda: slowbot.guess(AsyncMock(), "a" * 24 + "!"), "re.match"),
    "recap": (lambda: slowbot.recap(AsyncMock()), "no such line"),
}
SILENT, NOTICES, NAMES = 0, 1, 2


async def examine(command):
    """Run one command as a task, as a bot does, with debug mode and the witness on its loop."""
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    camera(loop)
    await asyncio.sleep(0.1)
    await asyncio.create_task(RUNS[command][0]())
    await asyncio.sleep(0.1)


# %% jupyter={"source_hidden": true}
async def probed(command):
    """The lines of the blocks that our probe finds, when it is the only tool."""

    async def alone():
        await asyncio.create_task(RUNS[command][0]())

    report = await watch(alone)
    return [block.code for block in report.blocks if block.seconds > 0.1]


def knows(said, line):
    """What a tool that said this knows of a block at that line."""
    return (NAMES if any(line in text for text in said) else NOTICES) if said else SILENT


# %% jupyter={"source_hidden": true}
def ruff_on(command):
    """Whether ruff found a line of this function."""
    lines, first = inspect.getsourcelines(getattr(slowbot, command))
    at = [int(number) for number in re.findall(r"slowbot.py:(\d+)", found.stdout)]
    return NAMES if any(first <= number < first + len(lines) for number in at) else SILENT


def guard_on(command, guard):
    """Whether a guard's test of this command failed; None when the guard is not installed."""
    if f"FAILED test_slowbot.py::test_{guard}[{command}]" in ran.stdout:
        return NAMES
    return None if guard == "pyleak" and "SKIPPED" in ran.stdout else SILENT


class Kept(logging.Handler):
    """Keep what asyncio logs of slow callbacks."""

    def emit(self, record):
        if " took " in record.getMessage():
            warnings.append(record.getMessage())


# %%
table = {}
logging.getLogger("asyncio").handlers[:] = [Kept()]
for command, (_, line) in RUNS.items():
    warnings, photos, over = [], [], threading.Event()
    await watch(examine, command)
    over.set()
    table[command] = {
        "debug mode": knows(warnings, line),
        "witness, py-spy": knows([" ".join(f.line for f in photo) for photo in photos], line),
        "our probe": knows(await probed(command), line),
        "ruff": ruff_on(command),
        "blockbuster": guard_on(command, "blockbuster"),
        "pyleak": guard_on(command, "pyleak"),
    }

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt

WHAT = {
    "greet": "greet\nsleeps",
    "roll": "roll\nsleeps, two calls down",
    "guess": "guess\ncomputes, in C",
    "recap": "recap\nwaits, as it should",
}
SIGNS = {NAMES: "names the line", NOTICES: "notices", SILENT: "-", None: "not installed"}
SHADES = {NAMES: "0.75", NOTICES: "0.9", SILENT: "1.0", None: "1.0"}


# %% jupyter={"source_hidden": true}
def draw(table):
    """One row a tool, one column a command; the words say it, the shade only helps."""
    tools = list(table["greet"])
    figure, axes = plt.subplots(figsize=(9, 3.4))
    for column, command in enumerate(table):
        for row, tool in enumerate(tools):
            sign = table[command][tool]
            box = plt.Rectangle((column, row), 1, 1, facecolor=SHADES[sign], edgecolor="0.5")
            axes.add_patch(box)
            axes.text(column + 0.5, row + 0.5, SIGNS[sign], ha="center", va="center")
    axes.set(xlim=(0, len(table)), ylim=(len(tools), 0))
    axes.set_xticks([n + 0.5 for n in range(len(table))], [WHAT[name] for name in table])
    axes.set_yticks([n + 0.5 for n in range(len(tools))], tools)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    return figure


# %%
words = []
for command, row in table.items():
    words.append(f"{command:6} " + ", ".join(f"{tool}: {SIGNS[sign]}" for tool, sign in row.items()))
show(draw(table), f"Who finds which block. {'; '.join(words)}.")
print(*words, sep="\n")

# %% [markdown]
# Read it by columns. A sleep that stands in the coroutine is seen by everybody, so begin with the
# cheapest, ruff. Two calls further down it takes something that runs. And what *computes* is seen
# only by those who have a clock. In the last column nobody may say anything: a command that waits
# is slow for one person, and costs the loop nothing.
#
# **Change it.** Mend `shake_cup`'s caller in `slowbot.py` (with what you know from unit 03), then
# restart the kernel and run all. Which columns are empty now?
#
# ## 7 · The meter that everybody writes first
#
# "How bad is it?" is the next question, and people answer it with a meter: ask the loop for a tick
# every few milliseconds, note how late it came, and report the 99th percentile, the lateness that
# one tick in a hundred exceeds. Here is that meter:


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
# > **Predict.** The loop stands still for half a second out of two. What does this meter say, as
# > its 99th percentile?

# %%
predict("?", about="meter-lies")

# %% experiment="meter-lies"
report = await watch(measured)
naive = report.value
p99 = sorted(naive)[int(len(naive) * 0.99)]
print(f"{len(naive)} ticks, 99th percentile: {p99 * 1000:.1f} ms, maximum: {max(naive):.2f} s")
print(f"the meter of `watch`:  99th percentile: {report.lag(99) * 1000:.0f} ms")

# %%
predict(about="meter-lies")

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
# The naive meter is a polite guest: while the loop stands still, it stands still too, and
# afterwards it notes *one* late tick. Half a second, one tick; a minute would also be one tick.
#
# But people do not wait for the loop before they press Enter. Whoever writes during that half
# second waits for its rest, and so does a heartbeat. An honest meter asks for its ticks at **fixed
# times**, `start + n * period`, and counts every tick that was *due*, also those that it could not
# serve. Then half a second in two is what it is: a quarter of all ticks, late. (Elsewhere this
# mistake is called *coordinated omission*.)
#
# ## 8 · A faster loop
#
# **uvloop** is another event loop, written on libuv, the loop of Node.js. Many bots use it, with
# one line, `uvloop.run(main())`, and it *is* faster. First its own work: messages back and forth
# over a socket.


# %%
async def chatter(rounds):
    """The CPU time of so many messages, there and back over a local socket, in seconds."""

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
    await slowbot.roll(AsyncMock(), "2d6")


# %% [markdown]
# > **Predict.** And `!roll`, with the 0.6 s in `shake_cup`? For how long does that loop stand
# > still?

# %%
predict("?", about="uvloop-blocks")

# %% experiment="uvloop-blocks"
LOOPS = ["asyncio", "uvloop"] if sys.platform != "win32" else ["asyncio"]
for loop in LOOPS:
    chat = await watch(chatter, 5000, loop=loop)
    block = await watch(shaken, loop=loop)
    print(f"{loop:8} 5000 messages cost {chat.value:.2f} s of CPU time; ", end="")
    print(f"`roll` holds the loop for {block.longest_block:.2f} s")
if sys.platform == "win32":
    print("uvloop is made for Linux and macOS; winloop is the same for Windows.")

# %%
predict(about="uvloop-blocks")

# %% [markdown]
# A faster loop handles more messages in the same time, and that is a fine thing to have, for a bot
# without blocks. It does not find them, and it does not mend them.

# %% [markdown]
# ## In your bot
#
# **Search for** the ones you can find without running anything, in the folder of your bot:
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
#     asyncio.get_running_loop().slow_callback_duration = 0.1
#     discord.utils.setup_logging()
#     async with bot:
#         await bot.start(TOKEN)
#
# asyncio.run(main(), debug=True)
# ```
#
# **One change for tonight.** Write these two lines on a piece of paper, and put it beside your server:
#
# ```
# pgrep -fa bot.py
# py-spy dump --pid NUMBER
# ```
#
# The first line lists programs that have `bot.py` in their command, each with its number. There may be
# several: a shell that started the bot, or an editor. Take the number of the line that begins with
# Python. (On macOS the option is `-fl`.) The next time your bot is frozen, run both *before* you
# restart it. The guilty line stands under "MainThread", and it is gone when you restart.
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
# And for every other night: [work/toolbox/loopwatch.py](../toolbox/loopwatch.py) is a witness like
# ours in one file, without any dependency, to copy beside your bot.

# %% [markdown]
# ## In practice
#
# <details><summary>The fine print, with sources</summary>
#
# - **Debug mode** also checks that coroutines are awaited, that callbacks come from the right
#   thread, and says where a task was made. Source: Python's documentation, *Developing with
#   asyncio*. What a switch costs depends on how deep the stack is from which it is made.
# - **Wall time** is what debug mode, witnesses and pyleak measure. On a busy machine a callback is
#   also slow because the processor was elsewhere: other projects raised their thresholds for that
#   (modal-labs/synchronicity, pull request 274, to 0.5 s). The probe of this course subtracts it.
# - **`faulthandler.dump_traceback_later`** is a witness in C, and tempting. In our laboratory it
#   named 77 of 77 lines, and crashed the program in one run of three.
# - **A watchdog and a C call.** While a single call into C keeps the interpreter's lock, as
#   `re.match` does, no other Python thread can look. The photograph is taken as soon as the call is
#   over, and Python is then still on that line.
# - **blockbuster** knows some dozens of calls (`time.sleep`, files, sockets, `sqlite3`, locks);
#   MCP's Python SDK and Starlette run their tests under it. Policy, not duration: a sleep of one
#   millisecond is refused as well.
# - **discord.py's own witness** speaks after 10 s ("heartbeat blocked for more than 10 seconds"),
#   with the same photograph: `discord/gateway.py`, class `KeepAliveHandler`.
# - **uvloop**: since Python 3.14 policies are deprecated; use `uvloop.run(main())`. For Windows
#   there is winloop.
#
# Sources: py-spy's README; Python 3.14's documentation, *Command-line introspection tools*, for
# the recorded tree; READMEs of aiomonitor 0.7, blockbuster 1.5 and pyleak 0.2; Gil Tene's talks for
# the name of the meter's mistake.
# </details>

# %% [markdown]
# ## You have seen
#
# - The log names the victim. The culprit is on the stack only while the loop stands still, so
#   somebody must look *then*: a thread with a camera, or py-spy from outside.
# - ruff reads, blockbuster forbids, debug mode and pyleak take the time: each is blind to something
#   that another one sees.
# - A meter that waits for the loop does not see the loop's waiting. And a faster loop stands still
#   just as long.
#
# **Next**: the lab, where you mend a bot with six faults that are not where they seem to be, and
# build the watchdog that you can take home. Then unit 11: how to know *before* you install it
# whether a library blocks.
