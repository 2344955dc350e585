# The lesson of unit 06. Every figure in the text is either measured by the cell above it, or cited
# under "In practice". `build` makes notebooks/06_structure.ipynb of this file.

# %% [markdown]
# # 06 · Do many things at the same time, and lose none
#
# *Many things at the same time, safely?*
#
# **You will** send twelve requests, four at a time, start two tasks without keeping a reference to
# them, see in which order the parts of a cancelled program end, and let a nightly job fail.
#
# **You learn**
# - how to have many requests under way, and never too many;
# - what keeps a task alive, and who hears of its error;
# - what `cancel`, a timeout and a TaskGroup really do;
# - what discord.py's `tasks.loop` does with a night that is slow or fails.
#
# **You need** tasks (unit 02) and threads (unit 05).

# %%
import asyncio
import gc
import logging
import time
from collections import Counter

import aiohttp
import matplotlib.pyplot as plt
from discord.ext import tasks

from autograder import predict, recall, show, watch, world

servers = await world.start("http")

# %% [markdown]
# First, three questions from earlier units. Put a letter in place of the question mark, run the
# cell, and read why.

# %%
recall("?", about="buy-a-ticket")

# %%
recall("?", about="lost-or-late")

# %%
recall("?", about="gather-order")

# %% [markdown]
# ## 1 · Twelve pictures
#
# `!gallery` shows the picture of every person in #general. Each picture is a page of our web server.
# A picture takes the server 0.2 s; those of cy and gus are large and take 0.8 s.

# %%
PEOPLE = "ada bo cy dee eve fay gus hal ivy jo kim lou".split()
URLS = [f"{servers.http.url}/picture/{name}" for name in PEOPLE]


async def put_up_pictures():
    """Put up the twelve pictures; the server forgets what it has seen before."""
    await servers.http.reset()
    for name in PEOPLE:
        seconds = 0.8 if name in ("cy", "gus") else 0.2
        await servers.http.plan(path=f"/picture/{name}", delay=seconds, body=f"{name}.png")


async def fetch(url):
    """Return the JSON that a page sends; raise aiohttp.ClientError when it sends an error."""
    async with aiohttp.ClientSession() as session, session.get(url) as page:
        page.raise_for_status()
        return await page.json()

# %% [markdown]
# A **TaskGroup** is a block in which you start tasks. The block ends only when all tasks of the
# group are done. Here are all twelve requests at the same time:

# %%
async def all_together(urls):
    async with asyncio.TaskGroup() as group:
        started = [group.create_task(fetch(url)) for url in urls]
    return [task.result() for task in started]  # after the block all are done


await put_up_pictures()
report = await watch(all_together, URLS)
print(f"{len(report.value)} pictures after {report.seconds:.2f} s, the first is {report.value[0]}")
print("most requests at the same time:", servers.http.counters()["peak"])

# %% [markdown]
# All of them together take as long as the slowest page. But the *server* had twelve requests at the
# same time, from one bot, for one command. With a thousand members it would have had a thousand.
# Then a server answers with an error (429, unit 07), or not at all, and your own machine runs out of
# sockets.
#
# ### A few at a time
#
# Let us allow four requests at the same time, and no more. Most people first think of batches: four
# requests, then the next four. Another way is an `asyncio.Semaphore`, which is like a gate with four
# places. A task that comes when all places are taken waits in front of the gate.

# %%
async def in_batches(urls):
    pictures = []
    for start in range(0, len(urls), 4):
        pictures += await all_together(urls[start : start + 4])
    return pictures


async def through_a_gate(urls):
    gate = asyncio.Semaphore(4)

    async def one(url):
        async with gate:
            return await fetch(url)

    return await asyncio.gather(*(one(url) for url in urls))

# %% [markdown]
# > **Predict.** cy is the third in the list, gus the seventh. Which way loads the gallery faster, the
# > batches or the gate?

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
# The server wrote down when each request was under way. The next two cells draw that.

# %% jupyter={"source_hidden": true}
def bars(axes, log):
    """Draw one bar per request, as long as it was under way; a cross marks one that was given up."""
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
# On the left there are gaps: three of the four places are empty while cy's picture loads, and the
# next batch waits. On the right there are four bars above one another at almost every moment, and
# never more. A batch is as slow as its slowest request. At a gate, *each* task that
# leaves lets the next one in.
#
# In a bot, make the Semaphore **once**, for the whole bot: `self.gate = asyncio.Semaphore(4)` in
# `setup_hook`. Here each call of the function makes a new one. If two people use such a command at
# the same time, the server gets eight requests at the same time.
#
# **Change it.** Move cy and gus into the same batch of four. How much is left of the difference?
# And what if *every* picture takes 0.2 s?

# %% [markdown]
# ## 2 · Two tasks without a reference
#
# You do not want to wait for every job. `!vote cake` opens a poll and returns; a task waits for the
# votes. `!remind tea` returns, too; a task sleeps until it is time. Many bots start such tasks with
# `create_task` and keep no reference to them.
#
# Here are the two tasks, without the bot. In your bot Python's garbage collector runs from time to
# time. We call it ourselves, to see what it does.

# %%
async def wait_for_votes():
    # A future is an object that is marked as done later. Only this task knows this one.
    votes = asyncio.get_running_loop().create_future()
    await votes


async def sleep_until_tea():
    await asyncio.sleep(0.5)


async def left_after_a_collection():
    """Let the garbage collector run; return the names of the tasks that are left."""
    await asyncio.sleep(0.1)
    gc.collect()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    return [task.get_coro().__name__ for task in others]


async def without_a_reference():
    asyncio.create_task(wait_for_votes())
    asyncio.create_task(sleep_until_tea())
    return await left_after_a_collection()

# %% [markdown]
# > **Predict.** Which of the two tasks is left?

# %%
predict("?", about="two-tasks")

# %% experiment="two-tasks"
report = await watch(without_a_reference)
print("left:", report.value)

# %%
predict(about="two-tasks")

# %% [markdown]
# The poll is gone, and every vote with it. The only trace is a line in the log: *Task was destroyed
# but it is pending!*
#
# Who refers to the task? The future `votes` does: it must wake the task. Who refers to the future?
# The task does: `votes` is its variable. So the two refer only to each other, and nothing outside
# refers to either of them. Python's garbage collector removes such a ring. **The loop does not keep
# your tasks.** Its list of tasks has only weak references, which keep nothing alive.
#
# A sleeping task is safe: the loop keeps its timers, and the timer refers to the task that it will
# wake. So most forgotten tasks live, and people say "I cannot reproduce this".
#
# The cure is a set outside of all functions, so that it lives as long as the program. A task goes in
# when it starts, and out when it is done. (At its end, `watch` cancels the tasks that still run.)

# %%
running = set()


def keep(job):
    """Start a job in a task that lives until it is done."""
    task = asyncio.create_task(job)
    running.add(task)
    task.add_done_callback(running.discard)  # called with the task, when it is done
    return task


async def with_a_reference():
    keep(wait_for_votes())
    keep(sleep_until_tea())
    return await left_after_a_collection()


report = await watch(with_a_reference)
print("left:", report.value)
print("in the set, when `watch` has cancelled both:", len(running))

# %% [markdown]
# Now the set refers to the tasks. At the end the set is empty. Without the callback it would keep
# every task that ever ran.

# %% [markdown]
# ### And when it fails?
#
# This task is kept, and it fails after 0.1 s. We look at it half a second later.

# %%
async def divide():
    await asyncio.sleep(0.1)
    return 1 / 0


async def half_a_second_later():
    task = asyncio.create_task(divide())
    await asyncio.sleep(0.5)
    print("half a second later. Done:", task.done())
    print("asked, it says:", repr(task.exception()))

# %% [markdown]
# > **Predict.** What does Python print about the error in that half second?

# %%
predict("?", about="half-a-second")

# %% experiment="half-a-second"
report = await watch(half_a_second_later)

# %%
predict(about="half-a-second")

# %% [markdown]
# An exception goes to the code that awaits the task. If no code awaits it, the exception stays in the
# task. Python mentions it when the task is deleted (*Task exception was never retrieved*): tonight,
# or never. So your bot must ask each background task for its error. The callback is a good place:
#
# ```python
# def over(task):
#     running.discard(task)
#     if not task.cancelled() and task.exception() is not None:
#         logging.getLogger(__name__).error("a job failed", exc_info=task.exception())
# ```
#
# Ask `task.cancelled()` first: for a *cancelled* task, `task.exception()` raises CancelledError, the
# error with which such a task ends (part 4).
#
# **Change it.** Remove the last line of `half_a_second_later`, and run it again. When do you read
# of the error now?

# %% [markdown]
# ## 3 · One of them fails
#
# Three pages: ada's takes 0.1 s, bo's fails after 0.2 s, cy's takes 0.8 s. We want all three pages or
# none. Both `gather` and the TaskGroup raise the error of bo's page.

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
# > **Predict.** What happens to cy's request, which is under way when bo's fails?

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
# `gather` raises the error and lets the other tasks run, although nothing waits for them any more. The
# TaskGroup **cancels** the other tasks, waits until they have ended, and then raises all errors in one
# *ExceptionGroup*; `except*` looks into it. The cross in the chart marks the moment at which cy's
# connection was closed.
#
# So here is the rule of this unit: **code that starts tasks waits until they have ended.** You cannot
# leave a TaskGroup in any other way. A task that must outlive its command goes into a set, with a
# callback.

# %% [markdown]
# ## 4 · What `cancel` does
#
# A museum has two halls, and each hall has three rooms. Each of these eight places has a door, and
# locking a door takes 0.1 s. The whole museum has a timeout: `async with asyncio.timeout(0.3):`
# cancels its block when 0.3 s are over, and the block ends with a TimeoutError.

# %%
notes = []


async def lock(place, began):
    """Lock the door of this place, which takes 0.1 s."""
    cancelled = time.monotonic()
    await asyncio.sleep(0.1)
    notes.append((place, began, cancelled, time.monotonic()))


async def room(place):
    began = time.monotonic()
    try:
        await asyncio.sleep(9)
    finally:
        await lock(place, began)

# %%
async def hall(place):
    began = time.monotonic()
    try:
        async with asyncio.TaskGroup() as group:
            for number in (1, 2, 3):
                group.create_task(room(f"{place} room {number}"))
    finally:
        await lock(place, began)


async def museum():
    try:
        async with asyncio.timeout(0.3), asyncio.TaskGroup() as house:
            house.create_task(hall("hall A"))
            house.create_task(hall("hall B"))
    except TimeoutError:
        return "closed"

# %% [markdown]
# > **Predict.** Which doors are locked first, and when is the museum closed?

# %%
predict("?", about="wave")

# %% experiment="wave"
notes.clear()
report = await watch(museum)
print(f"{report.value} after {report.seconds:.2f} s")
for place, _, *times in sorted(notes, key=lambda note: note[2]):
    cancelled, locked = (moment - report.record.began for moment in times)
    print(f"{place:15} locks its door from {cancelled:.2f} to {locked:.2f} s")

# %%
predict(about="wave")

# %% jupyter={"source_hidden": true}
def wave(notes, start):
    """Light bars: open. Dark hatched bars: locking the door."""
    figure, axes = plt.subplots(figsize=(8, 2.9))
    places = sorted(notes)
    for row, (_, began, cancelled, locked) in enumerate(places):
        axes.barh(row, cancelled - began, left=began - start, color="0.85", edgecolor="black")
        axes.barh(
            row, locked - cancelled, left=cancelled - start, color="0.5", edgecolor="black",
            hatch="///",
        )  # fmt: skip
    axes.axvline(0.3, color="black", linestyle=":")
    axes.text(0.305, -0.6, "the timeout ends")
    axes.set_yticks(range(len(places)), [place for place, *_ in places])
    axes.set(xlabel="seconds", xlim=(0, 0.55), ylim=(len(places) - 0.4, -1.4))
    ends = ", ".join(f"{place} until {locked - start:.1f} s" for place, *_, locked in places)
    show(
        figure, f"The timeout ends at 0.3 s; then all rooms lock up, after them the halls: {ends}."
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
#   a hall reaches its `finally` only after its rooms are locked. A `finally` may use `await` to tidy
#   up; keep it short. TimeoutError comes last.
#
# A timeout is a timer of the loop that cancels the block. When the CancelledError leaves the block,
# the timeout turns it into a TimeoutError.

# %% [markdown]
# ### A stubborn loop
#
# This function tries again when a page fails:

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
predict("?", about="ten-attempts")

# %% experiment="ten-attempts"
report = await watch(impatient)
print(f"{report.value} after {report.seconds:.2f} s")

# %%
predict(about="ten-attempts")

# %% [markdown]
# A bare `except:` catches everything, the CancelledError too. So the timeout never saw it. The same
# is true of `except BaseException`. `except Exception` is safe here, because CancelledError is not an
# `Exception`. It is even better to name the errors that you expect. If you catch CancelledError to
# tidy up, `raise` it again.
#
# With named errors, you can put a timeout inside a timeout: a short one for each attempt, a long one
# for all attempts together.

# %%
async def stubborn():
    attempts = 0
    try:
        async with asyncio.timeout(0.5):  # set once
            while True:
                attempts += 1
                try:
                    async with asyncio.timeout(0.1):  # set again for each attempt
                        await asyncio.sleep(9)  # a page that hangs
                except TimeoutError:
                    pass  # this is the inner timeout; the outer one comes as a CancelledError
    except TimeoutError:
        return attempts


report = await watch(stubborn)
print(f"{report.value} attempts, and an end after {report.seconds:.2f} s")

# %% [markdown]
# **What cannot be cancelled.** asyncio cannot raise an exception in a thread from outside. When a command
# is cancelled while `to_thread` works for it, the command ends and the thread goes on. So tell the
# thread to stop, with a `threading.Event` that it looks at, and wait for it in a `finally`. For that,
# make a task of the call, `work = asyncio.create_task(asyncio.to_thread(...))`. If you `await work` and
# are cancelled, `work` is cancelled too, although its thread goes on, and you have nothing left to wait
# for. `await asyncio.shield(work)` protects `work`. The last exercise of the lab shows how.

# %% [markdown]
# ## 5 · The nightly loop
#
# Many bots have a job that runs again and again, with `tasks.loop` of discord.py. We call one run of
# that job a *night*. What does `tasks.loop` do when a night fails, or takes too long? Here a night
# comes every 0.1 s. The loop needs no bot, so we run it alone. Two folded cells come first: `Log`
# counts what is logged, and `run` runs a loop for 0.75 s and prints when its nights began.

# %% jupyter={"source_hidden": true}
class Log(logging.Handler):
    """Counts what discord.py's loops and asyncio log, by the first line of each message."""

    def __init__(self):
        super().__init__()
        self.lines = Counter()

    def emit(self, record):
        self.lines[record.getMessage().splitlines()[0]] += 1

    def __enter__(self):
        for name in ("discord.ext.tasks", "asyncio"):
            logging.getLogger(name).addHandler(self)
        return self

    def __exit__(self, *_):
        for name in ("discord.ext.tasks", "asyncio"):
            logging.getLogger(name).removeHandler(self)

# %% jupyter={"source_hidden": true}
nights = []  # when each night began


async def run(loop):
    """Run a nightly loop for 0.75 s; print its first nights, whether it still ran, and its log."""
    nights.clear()
    with Log() as log:
        loop.start()
        await asyncio.sleep(0.75)
        running = loop.is_running()
        loop.cancel()
        await asyncio.sleep(0)  # a loop that restarts is over for one turn: ask it twice
        running = running or loop.is_running()
        loop.cancel()
        await asyncio.wait([loop.get_task()])  # until it has ended
    first = ", ".join(f"{night - nights[0]:.2f}" for night in nights[:8])
    print(f"{loop.coro.__name__}: nights at {first} s; {len(nights)} in all; running: {running}")
    for line, times in log.lines.items():
        print(f"    logged {times} x: {line}")

# %%
@tasks.loop(seconds=0.1)
async def third_fails():
    nights.append(time.monotonic())
    if len(nights) == 3:
        raise ValueError("no scores tonight")

# %% [markdown]
# > **Predict.** The third night raises ValueError. What happens in the fourth?

# %%
predict("?", about="third-night")

# %% experiment="third-night"
await run(third_fails)

# %%
predict(about="third-night")

# %% [markdown]
# Three more loops: the first night of the first one takes 0.55 s; the second one meets a network
# error; the third one starts itself again in `@night.error`, which discord.py calls with the error.

# %%
@tasks.loop(seconds=0.1)
async def slow_once():
    nights.append(time.monotonic())
    await asyncio.sleep(0.55 if len(nights) == 1 else 0)


@tasks.loop(seconds=0.1)
async def offline():
    nights.append(time.monotonic())
    raise OSError("the page is offline")


@tasks.loop(seconds=0.1)
async def restarts():
    nights.append(time.monotonic())
    await asyncio.sleep(0.005)  # a short request
    raise ValueError("no scores tonight")


@restarts.error
async def again(error):
    restarts.restart()


for loop in (slow_once, offline, restarts):
    await run(loop)

# %% [markdown]
# | what the night does | what `tasks.loop` does (discord.py 2.7.1) |
# |---|---|
# | it takes 0.55 s | Two nights never overlap. The nights that were due in that time follow immediately, one after the other. |
# | it raises ValueError, or another error of your code | The error is logged once, if logging is set up: `bot.run` does that, `bot.start` does not. The loop is over for good. |
# | it raises OSError, TimeoutError, `aiohttp.ClientError` or `discord.ConnectionClosed` | `@night.error` is never called. The error is logged, and **the same night runs again** after a random pause of up to 2 s, then of up to 4 s, 8 s and so on. |
# | `restart()` in `@night.error` | The next night begins immediately, without the interval: count the nights above. |
#
# So keep the error inside the night. Then you are told of each one, and the next night comes after the
# interval:

# %%
async def complain(error):
    print("told:", repr(error))


@tasks.loop(seconds=0.1)
async def guarded():
    nights.append(time.monotonic())
    try:
        if len(nights) == 3:
            raise ValueError("no scores tonight")
    except Exception as error:  # and not a bare `except:`, or `cancel` does not end the loop
        await complain(error)


await run(guarded)

# %% [markdown]
# If you prefer `@night.error`: sleep for the interval in it, then `restart()`. `start()` raises an
# error there, because the loop is not over yet. A thread that the night has started still goes on
# after a `cancel` (part 4).

# %% [markdown]
# ## In your bot
#
# **Search for** tasks without a reference, for an `except` that catches too much, and for nightly
# loops. In the folder of your bot:
#
# ```
# grep -rnE "^\s*([a-z_.]*\.)?(create_task|ensure_future)\(" --include="*.py" .
# grep -rnE "except\s*:|except BaseException|gather\(" --include="*.py" .
# grep -rn -A 9 "tasks\.loop" --include="*.py" .
# ```
#
# In the first list the call stands alone on its line, so the task is not stored. (`group.create_task`
# is fine: a TaskGroup keeps its tasks.) In the second list, check that each `except` raises again. For
# each `gather`, ask how many requests there can be, and what happens when one of them fails. In the
# third list, look for a `try` around the body of each loop.
#
# **Before and after.** A cog with a nightly loop:
#
# ```python
# class Season(commands.Cog):                                         # before
#     async def cog_load(self):
#         self.night.start()
#
#     @tasks.loop(hours=24)
#     async def night(self):
#         pages = await asyncio.gather(*map(fetch, self.addresses))
#         asyncio.create_task(self.announce(pages))
#
# class Season(commands.Cog):                                         # after
#     async def cog_load(self):
#         self.night.start()
#
#     async def cog_unload(self):
#         self.night.cancel()
#
#     @tasks.loop(hours=24)
#     async def night(self):
#         try:
#             async with asyncio.TaskGroup() as group:
#                 started = [group.create_task(self.one(url)) for url in self.addresses]
#             keep(self.announce([task.result() for task in started]))
#         except Exception as error:
#             await self.complain(error)
#
#     async def one(self, address):
#         async with self.bot.gate:  # asyncio.Semaphore(4), made in the bot's `setup_hook`
#             return await fetch(address)
# ```
#
# **One change for tonight.** Paste this into your bot, use `keep` wherever you start a task and do
# not wait for it, and look at your log tomorrow:
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
#         logging.getLogger(__name__).error("a job failed", exc_info=task.exception())
# ```

# %% [markdown]
# ## In practice
#
# <details><summary>The fine print, with sources</summary>
#
# - **discord.py** runs each command and each listener in a task of its own, and logs what it
#   raises. It keeps the tasks of its loops. Tasks that *you* create are yours.
# - **`tasks.loop`**: each instance of a cog has a loop of its own. `add_exception_type` adds an error
#   to those after which the same night runs again. With `time=...` in place of an interval, only
#   one of the nights that were missed is made up for, and after a network error the night runs again
#   at the next `time`, without the pause. A task that ends by `restart()` keeps its error, so asyncio
#   logs it when the task is deleted.
# - **Weak references** to tasks are documented: "Save a reference to the result of this function,
#   to avoid a task disappearing mid-execution" (Python's documentation, `create_task`). The report
#   of an error that could not be reproduced is cpython issue 117379; the older one is 88831.
# - **ExceptionGroup, TaskGroup, `asyncio.timeout`** came with Python 3.11. Before, there were
#   `wait_for` and the packages async-timeout and anyio.
# - **`wait_for(job, 1)`** is `async with asyncio.timeout(1): await job`, since Python 3.12 literally.
# - **A second `cancel()`** can hit the `finally` in which you tidy up. TaskGroup and timeout expect
#   that (`Task.uncancel`); your own `finally` should be short.
# - **A Semaphore is for one process.** It does not count the requests of other
#   programs, even if they run on the same machine.
# - **aiohttp has a limit of its own**: 100 connections per session, unless
#   `TCPConnector(limit=...)` says otherwise (unit 07).
# - **In parallel?** You may have read that `await` makes things run in parallel. What was parallel
#   here was the *waiting*: twelve pages, one thread, one loop.
#
# Sources: Python's documentation, *Coroutines and tasks*; cpython issues 88831 and 117379; aiohttp
# 3.14, *Client reference*, TCPConnector; discord.py 2.7.1, `ext/tasks/__init__.py` and `backoff.py`.
# </details>

# %% [markdown]
# ## You have seen
#
# - A Semaphore keeps all its places busy. A batch waits for its slowest request.
# - Keep a reference to each task, and read its error: the loop does neither. A `tasks.loop` ends at
#   the first error of your code that leaves the night.
# - Cancelling goes from the outside to the inside, from task to task; the `finally` blocks run from
#   the inside to the outside. Let the CancelledError pass, clean up in `finally`, and tell threads
#   yourself that they should stop.
#
# **Next**: the lab of this unit. Its web server holds its replies back and checks what your program
# does next. Then unit 07: which client sends the requests?
