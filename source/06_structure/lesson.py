# The lesson of unit 06. Every figure in the text is either measured by the cell above it, or cited
# under "In practice". `build` makes notebooks/06_structure.ipynb of this file.

# %% [markdown]
# # 06 · Do many things at once, and lose none
#
# *Many things at once, safely?*
#
# **You will** send twelve requests through a gate, start two tasks without keeping a reference to
# them, and see in which order the parts of a cancelled program end.
#
# **You learn**
# - how to have many requests under way, and never too many;
# - who keeps a task alive, and who hears of it when it fails;
# - what `cancel`, a timeout and a TaskGroup really do, and how to leave a room tidy.
#
# **You need** tasks (unit 02) and threads (unit 05). The lesson takes 30 to 40 minutes, the lab
# after it 30 to 45.

# %%
import asyncio
import gc
import threading
import time
import weakref

import aiohttp
import discord
import matplotlib.pyplot as plt
from discord.ext import commands

from autograder import predict, recall, show, watch, world

servers = await world.start("http")

# %% [markdown]
# First, three questions from earlier units. Put a letter in place of the question mark, run the
# cell, and read why.

# %%
recall("?", about="a-thread-goes-on")

# %%
recall("?", about="lost-or-late")

# %%
recall("?", about="gather-order")

# %% [markdown]
# ## 1 · Twelve pictures
#
# `!gallery` shows the picture of everybody in #general. Each picture is a page of our web server
# and takes it 0.2 s; those of cy and gus are large and take 0.8 s.

# %%
PEOPLE = "ada bo cy dee eve fay gus hal ivy jo kim lou".split()


async def put_up_pictures():
    """Put up the twelve pictures; the server forgets what it has seen before."""
    await servers.http.reset()
    for name in PEOPLE:
        seconds = 0.8 if name in ("cy", "gus") else 0.2
        await servers.http.plan(path=f"/picture/{name}", delay=seconds, body=f"{name}.png")


async def fetch(url):
    """What a page sends, which is JSON; raises aiohttp.ClientError when it sends an error."""
    async with aiohttp.ClientSession() as session, session.get(url) as page:
        page.raise_for_status()
        return await page.json()

# %% [markdown]
# A **TaskGroup** is a block that tasks are started in. The block ends only when all tasks of the
# group are done.

# %%
async def all_at_once(urls):
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(fetch(url)) for url in urls]
    return [task.result() for task in tasks]  # after the block all are done

# %% [markdown]
# > **Predict.** Ten pages of 0.2 s and two of 0.8 s. When is the gallery there?

# %%
predict("?", about="twelve-at-once")

# %% experiment="twelve-at-once"
await put_up_pictures()
URLS = [f"{servers.http.url}/picture/{name}" for name in PEOPLE]
report = await watch(all_at_once, URLS)
print(f"{len(report.value)} pictures after {report.seconds:.2f} s, the first is {report.value[0]}")
print("most requests at the same time:", servers.http.counters()["peak"])

# %%
predict(about="twelve-at-once")

# %% [markdown]
# So far, so good. But count what the *server* had to bear: twelve requests at once, from one bot,
# for one command. With a thousand members it would have been a thousand. Servers answer that with
# 429 (unit 07), or not at all; and your own machine runs out of sockets.

# %% [markdown]
# ## 2 · A few at a time
#
# Let us allow four requests at the same time, and no more. The first idea of most people is to take
# four, then the next four. The other idea is a gate with four places, an `asyncio.Semaphore`: a task
# that comes when all places are taken waits in front of it, and *each* task that leaves lets the next
# one in.

# %%
async def in_batches(urls):
    pictures = []
    for start in range(0, len(urls), 4):
        pictures += await all_at_once(urls[start : start + 4])
    return pictures


async def through_a_gate(urls):
    gate = asyncio.Semaphore(4)

    async def one(url):
        async with gate:
            return await fetch(url)

    return await asyncio.gather(*(one(url) for url in urls))

# %% [markdown]
# > **Predict.** cy is the third in the list, gus the seventh. Which of the two ways has the gallery
# > first, the batches or the gate?

# %%
predict("?", about="batches-or-gate")

# %% experiment="batches-or-gate"
seen = {}
for function in (in_batches, through_a_gate):
    await put_up_pictures()
    report = await watch(function, URLS)
    seen[function.__name__] = await servers.http.log()
    most = servers.http.counters()["peak"]
    print(f"{function.__name__}: {report.seconds:.2f} s, at most {most} at the same time")

# %%
predict(about="batches-or-gate")

# %% [markdown]
# The server has written down when each request was under way, and the next cell draws it. (What
# draws is in the folded cells.)

# %% jupyter={"source_hidden": true}
def bars(axes, log):
    """One row a request: a bar as long as it was under way, a cross where it was given up."""
    start = log[0]["at"]
    for row, request in enumerate(log):
        began, ended = request["at"] - start, request["at"] - start + request["seconds"]
        given_up = "status" not in request
        look = {"facecolor": "0.9", "hatch": "///"} if given_up else {"facecolor": "0.65"}
        axes.barh(row, ended - began, left=began, edgecolor="black", **look)
        if given_up:
            axes.plot(ended, row, "kX", markersize=9)
        elif request["status"] != 200:
            axes.text(ended, row, f" {request['status']}", va="center")
    axes.set_yticks(range(len(log)), [request["path"].split("/")[-1] for request in log])
    axes.invert_yaxis()

# %% jupyter={"source_hidden": true}
def timetable(logs):
    """Draw what the server saw, one panel for each log, and say it in words."""
    tallest = max(map(len, logs.values()))
    figure, panels = plt.subplots(
        1, len(logs), figsize=(4.4 * len(logs), 0.6 + 0.26 * tallest), sharex=True, squeeze=False
    )
    words = []
    for axes, (title, log) in zip(panels[0], logs.items(), strict=True):
        bars(axes, log)
        ends = [request["at"] + request["seconds"] - log[0]["at"] for request in log]
        axes.set(title=title, xlabel="seconds, as the server saw it")
        given_up = [r["path"].split("/")[-1] for r in log if "status" not in r]
        words.append(f"{title}: {len(log)} requests, the last one ends after {max(ends):.1f} s")
        words.append(f"given up: {', '.join(given_up)}" if given_up else "none is given up")
    show(figure, f"Bars of requests under way. {'; '.join(words)}.")


timetable(seen)

# %% [markdown]
# On the left, whole columns of nothing: three places stand empty while the fourth is busy with cy,
# and the next batch waits outside. On the right there are four bars side by side at almost every
# moment, and never more than four. A batch is as slow as its slowest member, a gate is not.
#
# In a bot, make the gate **once**, for the whole bot: `self.gate = asyncio.Semaphore(4)` in
# `setup_hook`. Here each call of the function makes a new gate. If two people use such a command at
# the same time, the server gets eight requests at the same time.
#
# **Change it.** Move cy and gus into the same batch of four. How much is left of the difference?
# And what if *every* picture takes 0.2 s?

# %% [markdown]
# ## 3 · Two tasks without a reference
#
# Not everything wants to be waited for. `!vote cake` opens a vote, says so, and returns; the
# counting goes on in a task. Votes are kept by name in a clever dict that holds its values only
# weakly, so that a vote that is over disappears from it by itself.

# %%
votes = weakref.WeakValueDictionary()


class Vote:
    """Collects two ballots, then announces the result."""

    def __init__(self, ctx, what):
        self.ballots = asyncio.Queue()
        votes[what] = self
        asyncio.create_task(self.count(ctx, what))

    async def count(self, ctx, what):
        await self.ballots.get()
        await self.ballots.get()
        await ctx.send(f"two for {what}: decided!")

# %%
async def vote(ctx, what):
    Vote(ctx, what)
    await ctx.send(f"the vote on {what} is open")


async def yes(ctx, what):
    if what in votes:
        votes[what].ballots.put_nowait(ctx.author.name)
    else:
        await ctx.send(f"there is no vote on {what}")

# %% [markdown]
# For comparison, a second command that starts a task and keeps nothing of it. This one only sleeps
# for a while. And a third that calls Python's garbage collector. In your bot the collector comes
# by itself, whenever it thinks that there is enough to do; we want to see it today.

# %%
async def remind(ctx, what):
    async def later():
        await asyncio.sleep(0.9)
        await ctx.send(f"{ctx.author.name}: {what}!")

    asyncio.create_task(later())


async def sweep(ctx):
    gc.collect()
    await ctx.send("the garbage collector was here")

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

    report, _ = await asyncio.gather(watch(bot_life), people())
    return gw, report

# %% jupyter={"source_hidden": true}
def tell(gw):
    """Print what people and the bot said, and when."""
    lines = [event for event in gw.log if event["event"] in ("say", "reply")]
    for event in lines:
        who = event["author"] if event["event"] == "say" else "bot"
        print(f"{event['t'] - lines[0]['t']:5.2f} s  {who:4} {event['content']}")

# %% [markdown]
# > **Predict.** ada opens a vote and sets a reminder, bo votes. Then the collector comes by, and
# > after it cy casts the second ballot. Which of the two tasks is still there?

# %%
predict("?", about="lost-task")

# %% experiment="lost-task"
CHAT = [
    (0.1, "ada", "!vote cake"),
    (0.1, "ada", "!remind tea"),
    (0.1, "bo", "!yes cake"),
    (0.2, "ada", "!sweep"),
    (0.4, "cy", "!yes cake"),
    (0.4, "ada", "!goodnight"),
]
gw, report = await evening(vote, yes, remind, sweep, chat=CHAT)
tell(gw)

# %%
predict(about="lost-task")

# %% [markdown]
# The vote is gone, and bo's ballot with it. The only trace is a line in the log, if you have one:
# *Task was destroyed but it is pending!*
#
# Who knew the vote? Its task did: `self` is a variable of `count`. Who knew the task? The queue, on
# which it waits. Who knew the queue? The vote. They hold hands in a ring, and nobody outside holds
# any of them: garbage. **The loop does not hold its tasks.** It keeps a list of them with weak
# references, so that it can tell you which there are.
#
# And `remind`? A sleeping task hangs on the timer that will wake it, and the timer hangs on the
# loop. So most forgotten tasks live, and people say "I cannot reproduce this".
#
# The cure is a set that is always there. A task goes in when it starts, and out when it is done:

# %%
running = set()


def keep(job):
    """Start a job in a task that lives until it is done."""
    task = asyncio.create_task(job)
    running.add(task)
    task.add_done_callback(running.discard)  # called with the task, when it is done
    return task


class Vote(Vote):  # as before, but for the last line
    def __init__(self, ctx, what):
        self.ballots = asyncio.Queue()
        votes[what] = self
        keep(self.count(ctx, what))

# %%
gw, report = await evening(vote, yes, remind, sweep, chat=CHAT)
tell(gw)
print("still kept:", len(running))

# %% [markdown]
# Now somebody holds the task: the set. And the set is empty at the end: without the callback it
# would have kept every task that ever was.

# %% [markdown]
# ### And when it fails?
#
# A task that is kept, and that fails after 0.1 s. We look at it half a second later.

# %%
async def divide():
    await asyncio.sleep(0.1)
    return 1 / 0


async def half_a_second_later():
    task = asyncio.create_task(divide())
    await asyncio.sleep(0.5)
    print("no word so far. Done:", task.done())
    print("asked, it says:", repr(task.exception()))

# %% [markdown]
# > **Predict.** What is printed in that half second?

# %%
predict("?", about="silent-error")

# %% experiment="silent-error"
report = await watch(half_a_second_later)

# %%
predict(about="silent-error")

# %% [markdown]
# An exception goes to whoever awaits the task. If nobody does, it stays in the task, and Python
# mentions it when the task is thrown away (*Task exception was never retrieved*): tonight, or
# never. So a job in the background needs somebody who asks, and the callback is a good place:
#
# ```python
# def over(task):
#     running.discard(task)
#     if not task.cancelled() and task.exception() is not None:
#         complain(task.exception())
# ```
#
# (`task.exception()` of a *cancelled* task raises, so one asks for that first.)
#
# **Change it.** Remove the last line of `half_a_second_later`, and run it again. When do you read
# of the error now?

# %% [markdown]
# ## 4 · One of them fails
#
# Three pages: ada's takes 0.1 s, bo's fails after 0.2 s, cy's takes 0.8 s. Somebody wants all three
# or none. `gather` and the TaskGroup both raise the error of bo's page.

# %%
async def three_pages():
    """Put up three pages; return their addresses."""
    await servers.http.reset()
    await servers.http.plan(path="/page/ada", delay=0.1)
    await servers.http.plan(path="/page/bo", delay=0.2, status=500)
    await servers.http.plan(path="/page/cy", delay=0.8)
    return [f"{servers.http.url}/page/{name}" for name in ("ada", "bo", "cy")]


async def with_gather(urls):
    try:
        await asyncio.gather(*(fetch(url) for url in urls))
    except aiohttp.ClientError as error:
        print("gather: ", type(error).__name__)
    await asyncio.sleep(1)  # life goes on

# %%
async def with_a_group(urls):
    try:
        async with asyncio.TaskGroup() as group:
            for url in urls:
                group.create_task(fetch(url))
    except* aiohttp.ClientError as several:  # a group raises all its errors together, so: except*
        print("group:  ", [type(error).__name__ for error in several.exceptions])
    await asyncio.sleep(1)

# %% [markdown]
# > **Predict.** What becomes of cy's request, which is under way when bo's fails?

# %%
predict("?", about="the-others")

# %% experiment="the-others"
seen = {}
for function in (with_gather, with_a_group):
    await watch(function, await three_pages())
    seen[function.__name__] = await servers.http.log()
timetable(seen)

# %%
predict(about="the-others")

# %% [markdown]
# `gather` tells you about the error and lets the others run: they are tasks without anybody who
# waits for them. (You have seen in part 3 what that is worth.) The TaskGroup **cancels** the others,
# waits until they are gone, and only then raises, all errors in one *ExceptionGroup*; `except*`
# looks into it. The cross in the picture is where the server saw cy's visitor hang up.
#
# Hence the rule of this unit: **whoever starts tasks waits until they are over**. A TaskGroup cannot
# be left in any other way. Where you do need a task that outlives its command, it goes into a set,
# with a callback.

# %% [markdown]
# ## 5 · The wave
#
# What does it mean, "cancel"? A museum has two halls, each hall three rooms, and in each a guard.
# Closing takes a guard 0.1 s. After 0.3 s a timeout rings at the front door.

# %%
notes = []


async def guard(place, inside):
    """Keep this place open; when thrown out, close it, which takes 0.1 s."""
    began = time.monotonic()
    try:
        async with asyncio.TaskGroup() as group:
            for room in inside:
                group.create_task(guard(f"{place} {room}", ()))
            await asyncio.sleep(9)
    finally:
        thrown_out = time.monotonic()
        await asyncio.sleep(0.1)  # lock the door
        notes.append((place, began, thrown_out, time.monotonic()))

# %%
async def museum():
    try:
        async with asyncio.timeout(0.3), asyncio.TaskGroup() as house:
            house.create_task(guard("hall A", ("room 1", "room 2", "room 3")))
            house.create_task(guard("hall B", ("room 1", "room 2", "room 3")))
    except TimeoutError:
        return "closed"

# %% [markdown]
# > **Predict.** Who locks the door first, and when is the museum closed?

# %%
predict("?", about="wave")

# %% experiment="wave"
notes.clear()
report = await watch(museum)
print(f"{report.value} after {report.seconds:.2f} s")
for place, _, thrown_out, locked in sorted(notes, key=lambda note: note[2]):
    print(
        f"{place:15} {thrown_out - report.record.began:.2f} to {locked - report.record.began:.2f} s"
    )

# %%
predict(about="wave")

# %% jupyter={"source_hidden": true}
def wave(notes, start):
    """Light bars: open. Dark hatched bars: locking the door."""
    figure, axes = plt.subplots(figsize=(8, 2.9))
    places = sorted(notes)
    for row, (_, began, thrown_out, locked) in enumerate(places):
        axes.barh(row, thrown_out - began, left=began - start, color="0.85", edgecolor="black")
        axes.barh(
            row, locked - thrown_out, left=thrown_out - start, color="0.5", edgecolor="black",
            hatch="///",
        )  # fmt: skip
    axes.axvline(0.3, color="black", linestyle=":")
    axes.text(0.305, -0.6, "the timeout rings")
    axes.set_yticks(range(len(places)), [place for place, *_ in places])
    axes.set(xlabel="seconds", xlim=(0, 0.55), ylim=(len(places) - 0.4, -1.4))
    ends = ", ".join(f"{place} until {locked - start:.1f} s" for place, *_, locked in places)
    show(
        figure, f"The timeout rings at 0.3 s; then all rooms lock up, after them the halls: {ends}."
    )


wave(notes, report.record.began)

# %% [markdown]
# `cancel` stops nothing. It asks the loop to raise **CancelledError** in a task, at the `await` where
# the task waits. With eight tasks, two things happen in opposite directions:
#
# - **Cancelling goes from the outside to the inside.** The timeout cancels the museum. The museum's
#   TaskGroup cancels both halls, and each hall's TaskGroup cancels its rooms. All this takes a few
#   milliseconds, at 0.3 s.
# - **The `finally` blocks run from the inside to the outside.** A TaskGroup waits for its tasks, so
#   a hall reaches its `finally` only after its rooms are locked. A `finally` may take its time to
#   tidy up, with awaits of its own. TimeoutError comes last.
#
# A timeout is a timer of the loop that cancels the block. When the CancelledError leaves the block,
# the timeout turns it into a TimeoutError.

# %% [markdown]
# ### A stubborn loop
#
# This one is stubborn, as bots should be when a page fails:

# %%
async def stubborn():
    for _ in range(10):
        try:
            await asyncio.sleep(0.1)  # ask the page, which fails
            raise aiohttp.ClientError
        except:
            pass  # try again


async def impatient():
    try:
        async with asyncio.timeout(0.25):
            await stubborn()
    except TimeoutError:
        return "TimeoutError"
    return "no TimeoutError"

# %% [markdown]
# > **Predict.** Ten attempts of 0.1 s, and we give it 0.25 s. How does it end?

# %%
predict("?", about="swallowed")

# %% experiment="swallowed"
report = await watch(impatient)
print(f"{report.value} after {report.seconds:.2f} s")

# %%
predict(about="swallowed")

# %% [markdown]
# A bare `except:` catches everything, the CancelledError too, and so the message never reached the
# front door. The same goes for `except BaseException`. `except Exception` is harmless here, for
# CancelledError is none; better still is to name what you mean. One may catch it to tidy up, and
# then must `raise` again.
#
# Named right, a timeout fits into a timeout: a short one for the attempt, a long one for it all.

# %%
async def stubborn():
    attempts = 0
    try:
        async with asyncio.timeout(0.5):  # set once
            while True:
                attempts += 1
                try:
                    async with asyncio.timeout(0.1):  # set anew for each attempt
                        await asyncio.sleep(9)  # a page that hangs
                except TimeoutError:
                    pass  # of the inner one; the outer one comes by as a CancelledError
    except TimeoutError:
        return attempts


report = await watch(stubborn)
print(f"{report.value} attempts, and an end after {report.seconds:.2f} s")

# %% [markdown]
# ## 6 · What cannot be cancelled
#
# A thread cannot: nobody can throw an exception into it from outside. You recalled that at the
# beginning. So what does a command do that is cancelled while its thread still writes a file? It
# *tells* the thread, and waits for it. Two things are needed: something the thread looks at, and a
# hold on the waiting that survives the cancelling.

# %%
def write_tape(enough, lines):
    """Write until it is enough; then write the last line, which takes 0.3 s."""
    while not enough.wait(0.05):
        lines.append("la")
    time.sleep(0.3)
    lines.append("the end")


async def record(lines, held):
    enough = threading.Event()
    thread = asyncio.create_task(asyncio.to_thread(write_tape, enough, lines))
    try:
        await (asyncio.shield(thread) if held else thread)
    finally:
        enough.set()
        if not thread.done():
            await thread

# %% [markdown]
# `shield(thread)` stands between us and the task: whoever cancels the waiting does not reach what
# is waited for.
#
# > **Predict.** `record` is cancelled after 0.2 s, once without the shield and once with it. What
# > is on the tape when `record` is over?

# %%
predict("?", about="shield")

# %% experiment="shield"
async def cancelled(held):
    lines = []
    task = asyncio.create_task(record(lines, held))
    await asyncio.sleep(0.2)
    task.cancel()
    began = time.monotonic()
    await asyncio.wait([task])  # until the task is over, however it ends
    return task.cancelled(), lines[-1], time.monotonic() - began


for held in (False, True):
    was_cancelled, last, seconds = (await watch(cancelled, held)).value
    print(f"shield {held!s:5}  last line {last!r:9}  over after {seconds:.2f} s, {was_cancelled=}")

# %%
predict(about="shield")

# %% [markdown]
# Without the shield the cancelling goes on from `record` to the task `thread`: the task is over, the
# thread behind it is not, and there is nothing left to wait for. `record` leaves while somebody
# still writes. With the shield the task is whole, the thread is told, and `record` waits for the
# last line. It is cancelled all the same; it only took the time to leave the room tidy.
#
# A shield does not help everywhere. Around a whole command it means that a timeout returns while the
# work goes on unseen, like the background tasks in part 3.

# %% [markdown]
# ## 7 · The first answer
#
# The weather is to be had from three mirrors, and today the second one is quick. `gather` and the
# group wait for all. For *one of them* there is `asyncio.wait`, which returns two sets: what is
# done, and what is pending.

# %%
async def three_mirrors():
    await servers.http.reset()
    for name, seconds in (("north", 0.7), ("south", 0.2), ("west", 0.9)):
        await servers.http.plan(path=f"/mirror/{name}", delay=seconds, body=f"rain, says {name}")
    return [f"{servers.http.url}/mirror/{name}" for name in ("north", "south", "west")]


async def first_answer(urls, cancel):
    pending = [asyncio.create_task(fetch(url)) for url in urls]
    done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    if cancel:
        for task in pending:
            task.cancel()
    print(done.pop().result())
    await asyncio.sleep(1)  # the bot goes on living

# %% [markdown]
# > **Predict.** Without the `cancel`: what becomes of the two others, once the first answer is
# > there?

# %%
predict("?", about="first-of-three")

# %% experiment="first-of-three"
seen = {}
for cancel in (False, True):
    await watch(first_answer, await three_mirrors(), cancel)
    seen["cancelled" if cancel else "left alone"] = await servers.http.log()
timetable(seen)

# %%
predict(about="first-of-three")

# %% [markdown]
# `asyncio.wait` waits, and that is all it does: it cancels nothing and raises nothing. What you
# started is yours to end. Two mirrors that worked for nobody may be a small thing; a thousand per
# evening are not.
#
# **Change it.** Let the quick mirror send an error (`status=503` in its plan). What does
# `first_answer` do with it? What should it do?

# %% [markdown]
# ## In your bot
#
# **Search for** tasks that nobody holds, and for nets that catch too much. In the folder of your
# bot:
#
# ```
# grep -rnE "^\s*([a-z_.]*\.)?(create_task|ensure_future)\(" --include=*.py .
# grep -rnE "except\s*:|except BaseException|gather\(" --include=*.py .
# ```
#
# A hit in the first list begins its line, so its task is given to nobody. In the second, ask of
# each `except` whether it raises again, and of each `gather` how many there can be, and what
# happens when one of them fails.
#
# **Before and after**
#
# ```python
# @bot.command()
# async def vote(ctx, what):                                          # before
#     asyncio.create_task(count(ctx, what))
#
# @bot.command()
# async def vote(ctx, what):                                          # after
#     keep(count(ctx, what))
# ```
#
# **One change for tonight.** Paste this into your bot, use `keep` wherever you start a task and go
# on, and look at your log tomorrow:
#
# ```python
# running = set()
#
# def keep(job):
#     task = asyncio.create_task(job)
#     running.add(task)
#     task.add_done_callback(over)
#     return task
#
# def over(task):
#     running.discard(task)
#     if not task.cancelled() and task.exception() is not None:
#         logging.error("a job failed", exc_info=task.exception())
# ```

# %% [markdown]
# ## In practice
#
# <details><summary>The fine print, with sources</summary>
#
# - **discord.py** runs each command and each listener in a task of its own, and logs what it
#   raises. Tasks that *you* create are yours. `discord.ext.tasks` keeps its loops itself.
# - **Weak references** to tasks are documented: "Save a reference to the result of this function,
#   to avoid a task disappearing mid-execution" (Python's documentation, `create_task`). The report
#   that one could not reproduce is cpython issue 117379; the older one is 88831.
# - **ExceptionGroup, TaskGroup, `asyncio.timeout`** came with Python 3.11. Before, there were
#   `wait_for` and the packages async-timeout and anyio.
# - **`wait_for(job, 1)`** is `async with asyncio.timeout(1): await job`, since Python 3.12 literally.
# - **A second `cancel()`** can hit the `finally` in which you tidy up. TaskGroup and timeout reckon
#   with it (`Task.uncancel`); your own `finally` should be short.
# - **A Semaphore is for one process.** It knows nothing of other bots behind the same address.
# - **aiohttp has a gate of its own**: 100 connections for each session, unless
#   `TCPConnector(limit=...)` says otherwise (unit 07).
# - **In parallel?** You may have read that `await` makes things run in parallel. What was parallel
#   here was the *waiting*: twelve pages, one thread, one loop.
#
# Sources: Python's documentation, *Coroutines and tasks*; cpython issues 88831 and 117379; aiohttp
# 3.14, *Client reference*, TCPConnector; discord.py 2.7.1, `ext/tasks`.
# </details>

# %% [markdown]
# ## You have seen
#
# - A gate keeps all its places busy, a batch waits for its slowest.
# - The loop does not hold your tasks, and nobody reads their errors, unless you do.
# - Cancelling goes from the outside to the inside, from task to task; the `finally` blocks run from
#   the inside to the outside. Let the CancelledError through, tidy up in `finally`, and tell threads
#   in words.
#
# **Next**: the lab of this unit, where the web server holds its replies back and looks what your
# program does. Then unit 07: which client sends the requests?
