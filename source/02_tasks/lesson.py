# The lesson of unit 02. It stands without unit 01 (the fast path skips it): a coroutine is explained
# again in two lines, and the recalled questions explain themselves.
# Every figure in the text is either measured by the cell above it, or cited under "In practice".
# `build` makes notebooks/02_tasks.ipynb of this file.

# %% [markdown]
# # 02 · Find the places where the loop can switch tasks
#
# *When can another task run?*
#
# **You will** make two things happen at the same time, count how often the loop switches between
# two tasks that make a thousand `await`s each, and ask a web server whether requests really run at
# the same time.
#
# **You learn**
# - three words that are easily mixed up: call, await, task;
# - where the loop can switch to another task, and where it cannot;
# - four ways to wait for many things, and how a server finds out whether they really overlap.
#
# **You need** unit 00. Unit 01 helps, but this unit does not depend on it. You need one fact of it:
# a call of an `async def` runs nothing. It makes a **coroutine**, which runs when you await it or
# make a task of it. No Discord account and no internet.

# %%
import asyncio
import time
from itertools import pairwise

import aiohttp
import matplotlib.pyplot as plt
import requests

from autograder import predict, recall, show, watch, world

servers = await world.start("http")

# %% [markdown]
# First, two questions from unit 00. Run each cell, put a letter in place of the question mark, and
# run it again.

# %%
recall("?", about="who-stops-with-it")

# %%
recall("?", about="what-is-graded")

# %% [markdown]
# ## 1 · Call, await, task
#
# Tea for two. Brewing takes 0.3 s, and there is nothing to do in that time.

# %%
def say(line):
    """Print a line and the seconds since `began`, which each run sets."""
    print(f"{time.perf_counter() - began:5.2f} s  {line}")


async def brew(name, seconds=0.3):
    say(f"{name}: the water is on")
    await asyncio.sleep(seconds)
    say(f"{name}: the tea is ready")
    return f"tea for {name}"

# %%
async def tea_time():
    await brew("ada")
    await brew("bo")

# %% [markdown]
# You know from unit 00 that `asyncio.sleep` does not block.
#
# > **Predict.** We await two cups, 0.3 s each. How long until both are ready?

# %%
predict("?", about="two-awaits")

# %% experiment="two-awaits"
began = time.perf_counter()
report = await watch(tea_time)
report

# %%
predict(about="two-awaits")

# %% [markdown]
# The loop was free all the time: the chart has hardly any bar. But the chart also shows **one
# lane**. There was one task, and a task does one thing after the other. `await brew("ada")` works
# like a normal function call: run this here and now, and come back with the result. bo's water is
# put on only when ada's tea is ready.
#
# If bo should not wait for ada, the program needs a second **task**.

# %%
async def tea_time():
    ada = asyncio.create_task(brew("ada"))
    bo = asyncio.create_task(brew("bo"))
    say("two tasks are made")
    return await ada, await bo

# %% [markdown]
# > **Predict.** Which line appears first?

# %%
predict("?", about="who-begins")

# %% experiment="who-begins"
began = time.perf_counter()
report = await watch(tea_time)
report

# %%
predict(about="who-begins")

# %% [markdown]
# There are three lanes, and both cups are ready after 0.3 s. This is what each line did:
#
# | you write | what happens | what you get |
# |---|---|---|
# | `brew("ada")` | nothing: a coroutine is made | a coroutine |
# | `await brew("ada")` | it runs here, in this task, to its end; this line waits | its result |
# | `create_task(brew("ada"))` | it is put into the loop's queue; this task goes on immediately | a task |
# | `await ada` (a task) | this line waits until that task is done | its result |
#
# A new task has not begun. It begins when the loop gets a turn, and the loop gets a turn when the
# present task waits for something. Here that is at `await ada`.
#
# **Change it.** Let bo brew for 0.1 s. Whose tea is ready first? What changes if you write
# `await bo, await ada` at the end?

# %% [markdown]
# Your bot uses tasks already: discord.py makes one for each command that a person calls. So ada's
# `!roll` and bo's `!ping` can overlap without any work of yours. But *within* a command there is
# one task, and there one line waits for the other.

# %% [markdown]
# ## 2 · A thousand awaits
#
# You may have read that each `await` gives control back to the event loop. Let us test that. ada
# and bo each have a task, and each makes a thousand `await`s. Each time one of them works, it
# writes its name into `log`.

# %%
async def add(a, b):
    return a + b


async def plain(name, log):
    total = 0
    for number in range(1000):
        log.append(name)
        total = await add(total, number)

# %%
async def both(count):
    """Run `count` for ada and bo, each in a task, and return who worked, in order."""
    log = []
    tasks = [asyncio.create_task(count(name, log)) for name in ("ada", "bo")]
    for task in tasks:
        await task
    return log


def changes(log):
    """How often the log switches from one name to the other."""
    return sum(one != other for one, other in pairwise(log))

# %% [markdown]
# > **Predict.** ada begins. How many of her thousand rounds are over when bo begins his first
# > round?

# %%
predict("?", about="thousand-awaits")

# %% experiment="thousand-awaits"
log = await both(plain)
logs = {"a thousand times: await add(...)": log}
print("bo's first round comes after", log.index("bo"), "rounds of ada's")
print("switches from one to the other:", changes(log))

# %%
predict(about="thousand-awaits")

# %% [markdown]
# In ada's thousand `await`s the loop did not get one turn. (The one switch comes when she is done.)
# `add` never waits for anything. So each of these `await`s works like a normal function call, and
# the loop does not take part in it.
#
# Now we add one line. `asyncio.sleep(0)` waits for no time at all, but it **suspends** (unit 01
# says *pauses*): it lets the loop go round once.

# %%
async def once(name, log):
    total = 0
    for number in range(1000):
        log.append(name)
        total = await add(total, number)
        if number == 499:
            await asyncio.sleep(0)


async def every_time(name, log):
    for _ in range(1000):
        log.append(name)
        await asyncio.sleep(0)

# %% [markdown]
# > **Predict.** Each of the two tasks suspends once, in the middle. How often do they switch?

# %%
predict("?", about="one-sleep-zero")

# %% experiment="one-sleep-zero"
logs["one sleep(0) in the middle"] = await both(once)
logs["a thousand times: sleep(0)"] = await both(every_time)
for name, log in logs.items():
    print(f"{name}, switches: {changes(log)}")

# %%
predict(about="one-sleep-zero")

# %% [markdown]
# Here are the three runs as a chart: who worked, round by round, from left to right.

# %% jupyter={"source_hidden": true}
def raster(logs):
    """One panel per run: a tick in the lane of the person who worked in that round."""
    figure, panels = plt.subplots(
        len(logs), 1, figsize=(8, 4.2), sharex=True, layout="constrained", squeeze=False
    )
    for axes, (title, log) in zip(panels.flat, logs.items(), strict=True):
        for lane, name in enumerate(("bo", "ada")):
            rounds = [number for number, one in enumerate(log) if one == name]
            axes.vlines(rounds, lane - 0.35, lane + 0.35, color="black", linewidth=0.45)
        axes.set_yticks((0, 1), ("bo", "ada"))
        axes.set_title(f"{title}, switches: {changes(log)}", loc="left", fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    axes.set(xlabel="rounds, in the order in which they were made", xlim=(-10, 2010))
    words = [f"{title}, switches: {changes(log)}" for title, log in logs.items()]
    show(figure, f"Who worked, round by round: {'; '.join(words)}.")


raster(logs)
print("First 6 rounds of the last run:", *logs["a thousand times: sleep(0)"][:6])

# %% [markdown]
# In the upper panel ada has the loop until she is done, with all her `await`s. In the middle one
# they switch at ada's `sleep(0)`, at bo's, and when ada is done. In the lower one they take turns, so often
# that both lanes look full.
#
# So what you may have read needs a condition: an `await` gives control back **only if what it
# awaits has to wait**. It marks a place where the loop *can* switch to another task.
#
# | suspends: the loop gets a turn | does not: it works like a normal function call |
# |---|---|
# | `asyncio.sleep(...)`, even of 0 | a coroutine in which nothing suspends |
# | a reply that is not there yet | a reply that is already in a cache |
# | a task that is not done | a task that is done |
# | `get()` of an `asyncio.Queue` (unit 09) that is empty | `get()` of one with something in it |
#
# The line itself does not show in which column it belongs. So there are two rules:
#
# - **Between two awaits no other task runs.** There you may read and write as you like.
# - **At an `await`, other tasks may run, or may not.** Do not rely on either.
#
# (Should a long loop of yours call `sleep(0)` now and then? Unit 04 answers that. It helps, and it
# has a price.)
#
# **Change it.** Let only ada call `sleep(0)` every time, and let bo run `plain`. (In `both`, make
# the two tasks by hand, from `every_time("ada", log)` and `plain("bo", log)`.) Guess the log first.

# %% [markdown]
# ## 3 · Ask the server
#
# It is easy to make a task. Yet a program full of tasks can still do one thing after the other. So
# we ask a web server, a small one that the first cell started on your machine. It writes down when
# each request came and when it was answered. Its page takes 0.2 s, and ada, bo and cy each want
# one.

# %%
async def fetch(url):
    """The page at `url`, through an async client."""
    async with aiohttp.ClientSession() as session, session.get(url) as page:
        return await page.json()


def urls(program):
    """Three addresses of the slow page; the server notes which program asks, and for whom."""
    page = f"{servers.http.url}/slow?seconds=0.2&program={program}"
    return [f"{page}&guest={guest}" for guest in ("ada", "bo", "cy")]

# %%
async def in_a_row(urls):
    return [await fetch(url) for url in urls]


async def task_by_task(urls):
    pages = []
    for url in urls:
        pages.append(await asyncio.create_task(fetch(url)))
    return pages

# %% [markdown]
# The first program has no tasks; the pages come one after the other, like the tea in part 1. The
# second one makes a task for each page.
#
# > **Predict.** How many requests does the server see at the same time when `task_by_task` runs?

# %%
predict("?", about="task-by-task")

# %% experiment="task-by-task"
for program in (in_a_row, task_by_task):
    report = await watch(program, urls(program.__name__))
    print(f"{program.__name__}: {report.seconds:.2f} s")

# %%
predict(about="task-by-task")

# %% [markdown]
# It is as slow as before. Each task was made and immediately awaited. Until it is done the `for`
# does not go on, and the next task does not exist yet. **First make all, then wait.** `gather` does
# both in one line:

# %%
async def gathered(urls):
    return await asyncio.gather(*(fetch(url) for url in urls))


report = await watch(gathered, urls("gathered"))
print(f"gathered: {report.seconds:.2f} s")

# %% [markdown]
# That is what we want. In the line with `gather`, `(fetch(url) for url in urls)` makes one coroutine
# per address. `gather` takes each coroutine as an argument of its own, so the **star** passes them
# one by one: `gather(fetch(a), fetch(b), fetch(c))`. (With a list and no star, `gather([...])`
# raises a TypeError that says `unhashable type: 'list'`.)
#
# Now the same `gather` with a client that you may know better:

# %%
async def fetch_with_requests(url):
    return requests.get(url).json()


async def gathered_requests(urls):
    return await asyncio.gather(*(fetch_with_requests(url) for url in urls))

# %% [markdown]
# > **Predict.** There are three tasks, all made before the first is awaited. How many requests are
# > under way at the same time?

# %%
predict("?", about="gather-requests")

# %% experiment="gather-requests"
report = await watch(gathered_requests, urls("gathered_requests"))
print(f"gathered_requests: {report.seconds:.2f} s")
report

# %%
predict(about="gather-requests")

# %% [markdown]
# The dark, hatched bar is one block, and it is as long as all three pages together. Three tasks made
# it, one directly after the other, so the chart draws it in the lane *event loop*. The three tasks
# share one lane, *fetch_with_requests*, because each began only when the one before it was done. The
# loop can start the next task only when the current one waits in an `await` or is done. There is no
# `await` in `requests.get`, so it holds the loop until its page is there. Such a call *blocks* the
# loop; unit 03 is about what that does to a bot.
#
# This is what the server has written down. Each bar is a request, from its arrival to its answer.

# %% jupyter={"source_hidden": true}
def most_together(requests):
    """How many of these requests were under way at the same time, at most."""
    spans = [(one["at"], one["at"] + one["seconds"]) for one in requests]
    return max(sum(begin <= moment < end for begin, end in spans) for moment, _ in spans)

# %% jupyter={"source_hidden": true}
def witness(log):
    """One panel per program: each request as a bar, from its arrival to its answer."""
    seen, words = {}, []
    for request in log:
        if program := request["query"].get("program"):
            seen.setdefault(program, {})[request["query"]["guest"]] = request
    figure, panels = plt.subplots(len(seen), 1, figsize=(8, 5), sharex=True, layout="constrained")
    for axes, (program, guests) in zip(panels, seen.items(), strict=True):
        start = min(request["at"] for request in guests.values())
        for row, (guest, request) in enumerate(reversed(guests.items())):
            axes.barh(row, request["seconds"], 0.7, request["at"] - start, fc="0.75", ec="black")
            axes.text(request["at"] - start + 0.005, row, guest, va="center")
        words.append(f"{program}: at most {most_together(guests.values())} at the same time")
        axes.set_title(words[-1], loc="left", fontsize=10)
        axes.set_yticks([])
        axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("seconds since the first request")
    show(figure, f"Bars of requests, from arrival to answer. {'; '.join(words)}.")
    print(*words, sep="\n")

# %%
witness(await servers.http.log())

# %% [markdown]
# Only one of the four is concurrent, and the source hardly shows it: `task_by_task` and
# `gathered_requests` make a task for each page too, and still get one page after the other. The
# server's chart shows it immediately. In the lab the server is the judge: it holds back its replies
# until *all* requests have arrived.

# %% [markdown]
# ## 4 · Four ways to wait for many
#
# You can write "first make all, then wait" in several ways. ada's tea takes 0.3 s, bo's 0.1 s, cy's
# 0.2 s. bo's tea is ready first; look where it is in the result.

# %%
ORDERS = {"ada": 0.3, "bo": 0.1, "cy": 0.2}


async def with_gather():
    return await asyncio.gather(*(brew(name, seconds) for name, seconds in ORDERS.items()))


began = time.perf_counter()
print((await watch(with_gather)).value)

# %% [markdown]
# `gather` returns the cups in the order of the coroutines, whichever is ready first. A list of
# tasks does the same, and you see every step of it. A `TaskGroup` is newer: at the end of its
# `async with` all its tasks are done.

# %%
async def with_a_list():
    tasks = [asyncio.create_task(brew(name, seconds)) for name, seconds in ORDERS.items()]
    return [await task for task in tasks]


async def with_a_group():
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(brew(name, seconds)) for name, seconds in ORDERS.items()]
    return [task.result() for task in tasks]

# %%
for way in (with_a_list, with_a_group):
    began = time.perf_counter()
    print(way.__name__, (await watch(way)).value)

# %% [markdown]
# What if each cup should be served as soon as it is ready?

# %%
async def with_as_completed():
    served = []
    for next_one in asyncio.as_completed([brew(name, s) for name, s in ORDERS.items()]):
        served.append(await next_one)
    return served


began = time.perf_counter()
print((await watch(with_as_completed)).value)

# %% [markdown]
# | | results | take it when |
# |---|---|---|
# | `gather` | in the order of what you gave it | you want all of them, as a list |
# | list of tasks | in any order you await them | you do something else in between |
# | `TaskGroup` | in the tasks | one failure should stop the others (unit 06) |
# | `as_completed` | first done, first out | you want to use each result immediately |
#
# All four make every task before they wait for one. (`as_completed` does not promise in which order
# the tasks *begin*. With the others they begin in the order of your list.)

# %% [markdown]
# ## 5 · A task that is never awaited
#
# ada rolls, and the bot writes the roll into a book. Writing takes a moment, and ada should not
# have to wait for it:

# %%
book = []


async def note(line):
    await asyncio.sleep(0.05)
    book.append(line)


async def roll(name):
    asyncio.create_task(note(f"{name} rolled 7"))
    return f"{name} rolls 7"

# %% [markdown]
# > **Predict.** We run `roll` on a loop of its own, as a program would. What is in the book
# > afterwards?

# %%
predict("?", about="in-the-book")

# %% experiment="in-the-book"
report = await watch(roll, "ada")
print(report.value)
print("in the book:", book)

# %%
predict(about="in-the-book")

# %% [markdown]
# `watch`, like `asyncio.run`, waits only for the main task. `roll` had returned, so the task that
# was still waiting was cancelled, and the loop was closed.
#
# In a bot the loop runs for weeks, so most notes are written. There are three ways to lose one:
#
# - the bot is restarted before the note is written;
# - `note` raises an exception. Nothing waits for the task, so `roll` goes on and ada sees no error.
#   Python writes *Task exception was never retrieved* and the traceback into the bot's log, and
#   that is all;
# - the task disappears before it is done, because nothing refers to it (unit 06).
#
# **When you make a task, decide what waits for it.** If the work must be done before the program
# ends, await it. In a bot that keeps running, keep the task in a set (*In your bot*, below).
#
# **Change it.** Fix `roll`: ada's answer may take a little longer.

# %% [markdown]
# ## In your bot
#
# **Search for** waits that follow one another, and for tasks that are made and dropped:
#
# ```
# grep -rnE -A4 "^ *for .*:" --include="*.py" . | grep "await"
# grep -rnE "await (asyncio|([a-z_]+\.)*loop)\.create_task" --include="*.py" .
# grep -rnE "^ *(asyncio|([a-z_]+\.)*loop)\.create_task" --include="*.py" .
# ```
#
# Not every hit of the first search is a mistake. If the second request needs the answer of the
# first, they must run one after the other.
#
# A hit of the third search is a task that nothing refers to. Such a task can even disappear before
# it is done; unit 06 shows how. Until then, keep each task in a set:
#
# ```python
# running = set()
#
# def keep(job):
#     task = asyncio.create_task(job)
#     running.add(task)                          # now the set refers to the task
#     task.add_done_callback(running.discard)    # until the task is done
#     return task
# ```
#
# and write `keep(note(line))` instead of `asyncio.create_task(note(line))`.
#
# **Before and after.** Each call of a listener has a task of its own, so a long `on_message` does
# not hold up the next message. But inside of it one line waits for the other:
#
# ```python
# @commands.Cog.listener()
# async def on_message(self, message):                                  # before
#     titles = []
#     for link in links_in(message.content):
#         titles.append(await get_title(link))
#     await self.show(message, titles)
#
# @commands.Cog.listener()
# async def on_message(self, message):                                  # after
#     links = links_in(message.content)
#     titles = await asyncio.gather(*(get_title(link) for link in links))
#     await self.show(message, titles)
# ```
#
# That is fine for five or ten links, but not for five hundred: the server that answers has limits,
# too. Unit 06 shows how to allow only a few at the same time.
#
# **One change for tonight.** Take the slowest command that has an `await` in a `for`. Print
# `time.perf_counter()` before and after the loop, replace the loop by a `gather`, and compare.

# %% [markdown]
# ## In practice
#
# <details><summary>The fine print, with sources</summary>
#
# - **When one of them fails**: `gather` raises the first exception immediately and lets the others
#   run on; a `TaskGroup` cancels them and waits for them; in a list of tasks you meet it when you
#   await that task. Unit 06 is about this.
# - **`as_completed`** gives out new awaitables, not your tasks. Since 3.13 you can also write
#   `async for task in asyncio.as_completed(tasks)`, which gives you your own tasks.
# - **A task begins later** by default. Since Python 3.12 you can tell a loop to begin it immediately
#   (`asyncio.eager_task_factory`); some libraries do. Then part 1 would print its lines in another
#   order.
# - **Names**: `asyncio.create_task(roll(), name="roll for ada")` makes logs and charts readable.
# - **`async for` and `async with`** are awaits too, and they are not concurrent either: an `async
#   for` waits for each item before the next.
# - **Threads** can run between any two of your lines. Tasks cannot, so there is much less to lock.
#   Unit 09 shows where tasks need a lock.
#
# Sources: Python's documentation, *Coroutines and Tasks* and *A conceptual overview of asyncio*,
# where it says, in bold type, that awaiting a coroutine does not hand control back to the loop.
# </details>

# %% [markdown]
# ## You have seen
#
# - A call makes a coroutine. `await` runs it here and now. A task runs it when the loop gets a
#   turn.
# - The loop can switch only where something really suspends. A thousand awaits of something that
#   does not wait work like a thousand normal function calls.
# - Concurrent means: first make all the tasks, then wait, and nothing in them blocks. A server sees
#   the difference even when the source hides it.
#
# **Next**: the lab of this unit. You write programs for given traces, and fix five that only look
# concurrent. Then unit 03: what one task that never suspends does to a live bot.
