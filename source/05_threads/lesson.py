# The lesson of unit 05. Every figure in the text is either measured by the cell above it, or cited
# under "In practice". `build` makes notebooks/05_threads.ipynb of this file. Nothing here needs
# unit 04: the fast path is 00, 02, 03, 05.

# %% [markdown]
# # 05 · Send each job where it belongs
#
# *Threads, processes, the GIL: which job goes where?*
#
# **You will** send seven jobs of a bot to a thread and to another process, and draw the map that
# says where each of them may go.
#
# **You learn**
# - what a thread does for each kind of work;
# - what the GIL is, which code releases it, and how to find out;
# - what to send to a process, and what else uses the pool of threads;
# - how to wait for a job in a pool, and how not to.
#
# **You need** unit 03: what holds the loop, and the card `await asyncio.to_thread(function,
# argument)`.

# %%
import asyncio
import multiprocessing
import os
import pickle
import random
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

from PIL import Image, ImageFilter

from autograder import predict, recall, show, watch

# %% [markdown]
# First, three questions from earlier units. Put a letter in place of the question mark, and run
# the cell again.

# %%
recall("?", about="what-counts")

# %%
recall("?", about="three-pages")

# %%
recall("?", about="who-is-guilty")

# %% [markdown]
# This lesson has two small tools. `judge` shows the chart of a run and prints what a grader would
# say. `sized` finds out how much work takes a given number of seconds on *your* machine.

# %%
def judge(report):
    """The chart of a run, and what a grader would say of it."""
    try:
        display(report.responsive(0.1))
    except Exception as complaint:  # the check has shown the chart already
        print(complaint)


def sized(work, start, seconds):
    """The n for which `work(n)` takes about this many seconds of this machine's CPU."""

    def cost(n):
        began = time.thread_time()
        work(n)
        return time.thread_time() - began

    n = start
    while (more := cost(2 * n) - cost(n)) < 0.03:
        n *= 2
    return int(n * seconds / more)

# %% [markdown]
# ## 1 · A thread for the oracle
#
# `!oracle` asks a language model through an SDK (a library that its maker gives you). The SDK blocks.
# Ours sleeps instead of asking, and prints the name of the thread in which it was called:

# %%
def ask_oracle(question):
    """The SDK: it takes its time, and you cannot change it."""
    print(f"asked in the thread {threading.current_thread().name!r}")
    time.sleep(0.4)
    return "the stars are silent"

# %% [markdown]
# In unit 03 you sent such a call to a thread. This bot author remembers it almost correctly:

# %%
async def oracle():
    return await asyncio.to_thread(ask_oracle("tea?"))

# %% [markdown]
# > **Predict.** For how long is the loop held?

# %%
predict("?", about="ask-in-a-thread")

# %% experiment="ask-in-a-thread"
report = await watch(oracle)
judge(report)
print("Then:", report)

# %%
predict(about="ask-in-a-thread")

# %% [markdown]
# Look at the thread's name. The loop of a watched call has a thread named `watch ...`, and there
# the oracle was asked: **before** Python called `to_thread`. Remove one pair of brackets and add a
# comma:

# %%
async def oracle():
    return await asyncio.to_thread(ask_oracle, "tea?")


judge(await watch(oracle))

# %% [markdown]
# Now a thread of asyncio's pool asks the oracle, and the loop is free. For one call that **waits**
# this is enough: a sleep, a slow page, a locked file, an SDK. (Part 7 is about many calls.)

# %% [markdown]
# ## 2 · Work in a thread: pure Python
#
# But what about work? You may have heard that threads are useless for it, because of the GIL. The
# **GIL** is a lock inside Python: only the thread that has it may run Python. Here is a second of
# dice:

# %%
def throw_often(throws):
    """How many of these throws of two dice show seven."""
    dice, sevens = random.Random(1), 0
    for _ in range(throws):
        if dice.randint(1, 6) + dice.randint(1, 6) == 7:
            sevens += 1
    return sevens


throws = sized(throw_often, 5_000, seconds=1.0)


async def odds():
    return await asyncio.to_thread(throw_often, throws)

# %% [markdown]
# > **Predict.** There is one GIL, and a thread that computes for a second. For how long is the loop
# > held at a time?

# %%
predict("?", about="python-in-a-thread")

# %% experiment="python-in-a-thread"
report = await watch(odds)
judge(report)

# %%
predict(about="python-in-a-thread")

# %% [markdown]
# The lower chart is not flat any more: the loop was late by some milliseconds, again and again. But
# no block was long. There is a rule for the GIL. A thread that wants it waits for at most 5 ms
# (`sys.getswitchinterval()`); then Python asks the other thread to release it.
#
# So "useless" is wrong. The work does not get *faster*, because there is only one GIL. But your bot
# does not need it faster. It needs a free loop during the work, and it has one.

# %% [markdown]
# ## 3 · Work in a thread: sorting
#
# `!ranking` sorts the scores of all players. `sorted` is written in C and much faster than a loop
# of ours. We send it to a thread. (`memoryview(...).cast("Q")` makes a number of every eight
# bytes.)

# %%
def some_scores(players):
    """A score for each player, as a number of eight random bytes."""
    return memoryview(random.Random(1).randbytes(8 * players)).cast("Q")


scores = list(some_scores(sized(lambda n: sorted(some_scores(n)), 20_000, seconds=0.4)))
print(f"{len(scores):,} scores")


async def ranking():
    return len(await asyncio.to_thread(sorted, scores))

# %% [markdown]
# > **Predict.** The sorting takes about 0.4 s. For how long is the loop held?

# %%
predict("?", about="sorted-in-a-thread")

# %% experiment="sorted-in-a-thread"
report = await watch(ranking)
judge(report)

# %%
predict(about="sorted-in-a-thread")

# %% [markdown]
# It looks as if there were no thread. After 5 ms Python asks a thread to release the GIL, but the
# thread does that only **between two steps** of Python. The dice took millions of small steps.
# `sorted` is *one* step, and nothing can interrupt it.
#
# The chart's message says so. It names the line with the `await`, and adds: *in a thread that kept
# the GIL*.

# %% [markdown]
# ## 4 · Work in a thread: Pillow
#
# Does C code always keep the GIL? `!blur` blurs a photo with Pillow, which is C code as well. Here
# is one long call of 0.4 s in a thread:

# %% anchor="photo-in-a-thread"
def blur(rows):
    """Blur a photo of 1000 times `rows` pixels."""
    photo = Image.new("RGB", (1000, rows), "teal")
    photo.filter(ImageFilter.GaussianBlur(8))


rows = sized(blur, 100, seconds=0.4)


async def blurred():
    await asyncio.to_thread(blur, rows)


judge(await watch(blurred))

# %% [markdown]
# This call leaves the loop free. The authors of Pillow release the GIL before the long part, and
# take it again after it. They can do that: the pixels are bytes of their own, and no Python object
# is touched. `sorted` compares Python objects all the time, so it must keep the GIL.
#
# So there are four kinds of jobs:
#
# | the job | in a thread |
# |---|---|
# | **waits** | the loop is free |
# | **pure Python**, many small steps | the loop is late by some milliseconds: fine |
# | **C code that releases the GIL** (Pillow, hashlib, lzma, numpy mostly) | the loop is free, and the job uses a second core |
# | **C code that keeps the GIL** (such as `sorted`) | the loop is held |
#
# For the last kind a thread is not enough.

# %% [markdown]
# ## 5 · Work in another process
#
# A process is a second Python, with a GIL of its own. It shares nothing with yours. So everything
# that it needs must *travel* to it: the name of a function, its arguments, and at the end the
# result comes back.
#
# A function travels by its **name**: the other Python imports the file that has it. A function of a
# notebook is in no file, so jobs for processes get one. `%%writefile` writes the cell to a file
# next to this notebook:

# %%
# %%writefile chores.py
"""Jobs for other processes, which import this file to find them by their names."""

from pathlib import Path


def best_ten(path):
    """The ten best scores in a file of numbers of eight bytes each."""
    scores = memoryview(Path(path).read_bytes()).cast("Q")
    return sorted(scores)[-10:]

# %%
import chores

scores_file = Path(tempfile.mkdtemp()) / "scores"
_ = scores_file.write_bytes(some_scores(len(scores)))

processes = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
_ = processes.submit(chores.best_ten, scores_file).result()  # so that it is up when we need it

# %% [markdown]
# This pool has one process, and it lives as long as this notebook. A process takes a moment to
# start, so start it once and not in every command. (`spawn` starts a fresh Python. `fork`, the
# default on Linux up to 3.13, copies yours, and that sometimes goes wrong in a program with
# threads.)
#
# Here are two versions of the ranking. The first sends the scores, and gets them back in order. The
# second sends the name of a file:

# %%
async def ranking_that_travels():
    loop = asyncio.get_running_loop()
    return (await loop.run_in_executor(processes, sorted, scores))[-10:]


async def ranking_by_file_name():
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(processes, chores.best_ten, str(scores_file))

# %% [markdown]
# `run_in_executor` is `to_thread` with a pool of your choice: first the pool, then the function,
# then its arguments. There is another difference. It starts the job immediately and returns a
# **future**, an object that will have the result later. You await it when you need the result.
# `to_thread` starts nothing until you await it.
#
# > **Predict.** For how long does each version hold the loop?

# %%
predict("?", about="what-travels")

# %% experiment="what-travels"
for version in (ranking_that_travels, ranking_by_file_name):
    report = await watch(version)
    held = report.longest_block * 1000
    print(f"{version.__name__:21} took {report.seconds:.2f} s, longest block {held:.0f} ms")

# %%
predict(about="what-travels")

# %% [markdown]
# In both versions the sorting itself does not hold the loop. But in the first one the scores are
# packed, sent and unpacked, and the same happens on the way back. How long does the packing take?
# (We measure CPU time, because the block above is not exact on a busy machine.)

# %%
began = time.thread_time()
parcel = pickle.dumps(scores)
took = time.thread_time() - began
print(f"{len(parcel) / 1e6:.1f} MB, packed in {took * 1000:.0f} ms")

# %% [markdown]
# The packing is one long step of C code, in a thread of *this* Python, so it holds the loop.
# Unpacking the result is another one. **Send names, not data**: a path, an id, a number. Let the
# job get what it needs, and return only what you are going to say.
#
# A function without a name cannot travel: `processes.submit(lambda: 2 + 2)` ends with a
# PicklingError.

# %% [markdown]
# ## 6 · The map
#
# Now all of it together: seven jobs, each on the loop, in a thread, and in a process. First the
# jobs, in a file, because they must travel:

# %%
# %%writefile errands.py
"""Seven jobs of a bot; the larger the number `more`, the longer a job takes."""

import hashlib
import json
import random
import re
import time

from PIL import Image, ImageFilter


def wait(more):
    time.sleep(more / 1000)


def throw_dice(more):
    return sum(random.randint(1, 6) == 6 for _ in range(more))


def hash_password(more):
    hashlib.pbkdf2_hmac("sha256", b"tea at four", b"salt", more)


def blur_photo(more):
    Image.new("RGB", (1000, more), "teal").filter(ImageFilter.GaussianBlur(8))


def sort_scores(more):
    sorted(memoryview(random.Random(1).randbytes(8 * more)).cast("Q"))


def load_json(more):
    json.loads("[" + '{"name": "ada", "xp": 7}, ' * more + "0]")


def unlucky_pattern(more):
    re.search("(?:a+a+)+!", "aaaaaaaaaaaaa " * more)

# %%
import errands

STARTS = {
    "wait": 0,
    "throw_dice": 5_000,
    "hash_password": 1_000,
    "blur_photo": 100,
    "sort_scores": 20_000,
    "load_json": 2_000,
    "unlucky_pattern": 2,
}
MORE = {
    name: sized(getattr(errands, name), start, seconds=0.2) if start else 200
    for name, start in STARTS.items()
}

# %%
async def on_the_loop(name):
    getattr(errands, name)(MORE[name])


async def in_a_thread(name):
    await asyncio.to_thread(getattr(errands, name), MORE[name])


async def in_a_process(name):
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(processes, getattr(errands, name), MORE[name])

# %% [markdown]
# Each of them takes about 0.2 s, and on the loop each of them holds it for that long.
#
# > **Predict.** Which of the seven hold the loop from a thread?

# %%
predict("?", about="which-let-go")

# %% experiment="which-let-go"
PLACES = {"loop": on_the_loop, "thread": in_a_thread, "process": in_a_process}
runs = {(name, place): await watch(run, name) for name in MORE for place, run in PLACES.items()}
held = {at: report.longest_block for at, report in runs.items()}
print("Hold the loop from a thread:", [n for n in MORE if held[n, "thread"] >= 0.1])
unsure = [n for n in MORE if held[n, "thread"] < 0.1 <= runs[n, "thread"].late_by_machine]
if unsure:
    print("Not certain, because other programs were busy:", unsure, "Run this cell again.")

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt


def heat_map(held):
    """One row per job, one column per place; dark and hatched where the loop was held."""
    figure, axes = plt.subplots(figsize=(7, 4))
    for (name, place), seconds in held.items():
        column, row = list(PLACES).index(place), list(MORE).index(name)
        bad = seconds >= 0.1
        shade, hatch = ("0.75", "//") if bad else ("white", "")
        axes.add_patch(plt.Rectangle((column, row), 1, 1, fc=shade, ec="black", hatch=hatch))
        text = f"{seconds * 1000:.0f} ms" if seconds else "under 3 ms"
        box = {"facecolor": "white", "edgecolor": "none", "pad": 2}
        axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", bbox=box)
    axes.set(xlim=(0, len(PLACES)), ylim=(len(MORE), 0))
    axes.set_xticks([0.5, 1.5, 2.5], ["on the loop", "in a thread", "in a process"])
    axes.set_yticks([n + 0.5 for n in range(len(MORE))], [n.replace("_", " ") for n in MORE])
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    words = [f"{n} on the {p} {s * 1000:.0f} ms" for (n, p), s in held.items()]
    show(figure, "The longest block of the loop: " + ", ".join(words) + ".")


heat_map(held)

# %%
predict(about="which-let-go")

# %% [markdown]
# Read it column by column. The first column shows what the job does to your bot when you simply call it:
# every row is hatched. In the second column only the last three rows are hatched. In the third
# column none is.
#
# Why not send everything to a process? A thread is there immediately and shares your variables. A
# process must be started, must be sent its data, and needs memory. So use **a thread first, and a
# process for the jobs that hold the loop from a thread**. If you do not know the kind of a job, do
# what you have just done: `watch` it.
#
# **Change it.** Write a job of your own bot into `errands.py`, and add it to `STARTS` with a small
# number. The larger its argument `more`, the more CPU time it must need. (A job that only waits gets
# 0, and is called with 200.) Restart the kernel before you run it again: the process has imported
# the old file.

# %% [markdown]
# ## 7 · Who else is in the pool?
#
# `to_thread` uses one pool for the whole program, and it is small: `min(32, processors + 4)`
# threads. If all of them are busy, the next job waits. Tonight forty people ask the oracle at the
# same time, and the bot wants to connect to a web page. For that it looks up the page's address,
# with `getaddrinfo`. Here the name is `localhost`, which takes almost no time:

# %%
async def lookup_among(slow_calls, pool):
    """The seconds that a lookup takes while slow calls are in a pool (None: the default pool)."""
    loop = asyncio.get_running_loop()
    calls = [loop.run_in_executor(pool, time.sleep, 0.1) for _ in range(slow_calls)]
    asked = time.perf_counter()
    await loop.getaddrinfo("localhost", 80)
    took = time.perf_counter() - asked
    await asyncio.gather(*calls)
    return took


async def without_others():
    return await lookup_among(0, None)


async def behind_forty():
    return await lookup_among(40, None)

# %% [markdown]
# > **Predict.** When does the lookup get its answer?

# %%
predict("?", about="lookup-among-forty")

# %% experiment="lookup-among-forty"
processors = getattr(os, "process_cpu_count", os.cpu_count)  # the first exists since Python 3.13
print("Threads in the default pool:", min(32, (processors() or 1) + 4))
for run in (without_others, behind_forty):
    report = await watch(run)
    block = report.longest_block * 1000
    print(f"{run.__name__:15} {report.value * 1000:7.2f} ms (longest block {block:.0f} ms)")

# %%
predict(about="lookup-among-forty")

# %% [markdown]
# There was no block, but the lookup came late. During this time a bot could not open a new
# connection. asyncio has no lookup of its own. It calls the blocking one, in the same pool. Every
# `to_thread` of your bot waits in that queue, and so does every new connection.
#
# The cure is one line: **give slow calls a pool of their own**, and make it once. Its size is also a
# limit: at most this many questions at the same time.

# %%
oracle_pool = ThreadPoolExecutor(4, thread_name_prefix="oracle")


async def with_its_own_pool():
    return await lookup_among(40, oracle_pool)


report = await watch(with_its_own_pool)
print(f"{report.value * 1000:.2f} ms")

# %% [markdown]
# ## 8 · Out of patience
#
# The tea is slow today, and you do not want to wait longer than 0.2 s.

# %% anchor="cut-short"
def brew():
    """Tea takes 0.6 s."""
    time.sleep(0.6)
    print("the tea is ready")


async def impatient():
    try:
        await asyncio.wait_for(asyncio.to_thread(brew), timeout=0.2)
    except TimeoutError:
        print("TimeoutError: no tea for me")
    await asyncio.sleep(0.6)


report = await watch(impatient)

# %% [markdown]
# The timeout cancelled the *waiting*. The thread goes on and keeps its place in the pool, and its
# result is lost. For tea that is fine. But if a call that buys a ticket ends with a timeout, you do
# not know whether you have the ticket.

# %% [markdown]
# ## 9 · Waiting for the job
#
# Here the job is in a thread, the function is passed and not called, and there is an `await`:

# %%
async def tidy():
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor() as pool:
        answer = loop.run_in_executor(pool, time.sleep, 0.4)
    return await answer

# %% [markdown]
# > **Predict.** For how long is the loop held?

# %%
predict("?", about="pool-in-a-with")

# %% experiment="pool-in-a-with"
report = await watch(tidy)
judge(report)

# %%
predict(about="pool-in-a-with")

# %% [markdown]
# The end of that `with` waits for all jobs, and it blocks. Put the `await` inside of it, or better:
# make one pool for the whole bot, and there is no `with` to leave.
#
# There is a second way to block, which looks like an ordinary method. `pool.submit(job)` returns a
# `concurrent.futures.Future`, which you cannot await. Its `.result()` blocks the thread that calls
# it until the job is done. On the loop that is the loop's thread. `thread.join()` does the same.

# %%
async def asks_for_the_result():
    return oracle_pool.submit(time.sleep, 0.4).result()


judge(await watch(asks_for_the_result))

# %% [markdown]
# ## In your bot
#
# **Search for** work and waiting in handlers, and for the mistakes of parts 1 and 9:
#
# ```
# grep -rnE "Image\.open|\.save\(|sorted\(|json\.loads|re\.(match|search|sub)" --include="*.py" .
# grep -rnE "to_thread\(\w+\(|run_in_executor\([^,]+, *\w+\(|\.result\(\)|\.join\(\)" --include="*.py" .
# ```
#
# Most hits of the first line are harmless: to sort ten scores takes a microsecond. Look for work
# that grows with the size of the server, or with what people send.
#
# **Before and after**
#
# ```python
# @bot.tree.command()
# async def blur(interaction, photo: discord.Attachment):         # before
#     data = await photo.read()
#     await interaction.response.send_message(file=discord.File(blurred(data), "blur.png"))
#
# @bot.tree.command()
# async def blur(interaction, photo: discord.Attachment):         # after
#     await interaction.response.defer()
#     result = await asyncio.to_thread(blurred, await photo.read())
#     await interaction.followup.send(file=discord.File(result, "blur.png"))
# ```
#
# | the job | its place |
# |---|---|
# | waits, and there is an async client | no thread: await it (unit 07) |
# | waits, and there is none | a thread; if it is slow, a pool of its own |
# | pure Python | a thread; or turns, unit 04 |
# | Pillow, hashlib, lzma | a thread |
# | `sorted`, `json`, `re` on big data | a process; send it a path or an id, not the data |
#
# A process pool belongs to the bot. The other Python imports the bot's file, so the line that
# starts the bot must stand under `if __name__ == "__main__":`.
#
# ```python
# class MyBot(commands.Bot):
#     def __init__(self, *args, **kwargs):
#         super().__init__(*args, **kwargs)
#         self.processes = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
#
#     async def close(self):
#         self.processes.shutdown(wait=False, cancel_futures=True)
#         await super().close()
#
# if __name__ == "__main__":                                      # else the process starts a bot, too
#     MyBot("!", intents=discord.Intents.all()).run(TOKEN)
# ```
#
# **One change for tonight.** Find the slowest SDK in your bot, and give it a pool:
#
# ```python
# ORACLE = ThreadPoolExecutor(4, thread_name_prefix="oracle")
# ...
# answer = await asyncio.get_running_loop().run_in_executor(ORACLE, ask_oracle, question)
# ```

# %% [markdown]
# ## In practice
#
# <details><summary>The fine print, with sources</summary>
#
# - **`to_thread` or `run_in_executor`.** `to_thread` takes keyword arguments, passes context
#   variables on (values that belong to one task), and always uses the default pool.
#   `run_in_executor` takes any pool and no keywords: `functools.partial(function, key=value)` helps.
# - **A coroutine function in a thread does nothing.** `to_thread(fetch)`, where `fetch` is an
#   `async def`, only makes a coroutine there. It must be a plain `def`.
# - **`loop.getaddrinfo` runs in the default pool**; so do aiohttp's lookups, unless aiodns is
#   installed (unit 07). aiofiles uses a pool of threads as well.
# - **Many threads of pure Python** all want the GIL, and the loop waits for it with all of them:
#   one such thread is fine, ten are not.
# - **fork, spawn, forkserver.** Linux forks by default up to Python 3.13, macOS and Windows spawn,
#   and 3.14 uses a forkserver on Linux. With spawn and forkserver the other Python imports your
#   main file.
# - **A process pool that lost a process** (no memory left, a crash in C) is broken: every later job
#   raises BrokenProcessPool. Make a new pool then.
# - **Free-threaded Python** (3.13t and later) has no GIL, so `sorted` in a thread leaves the loop
#   free. It is a build of its own, officially supported since 3.14 (PEP 779), and a library that is
#   not ready for it switches the GIL on again when it is imported.
# - **Subinterpreters** (3.14, `concurrent.futures.InterpreterPoolExecutor`, PEP 734) each have a
#   GIL of their own in one process. Data travels to them by pickling, too, and many C libraries
#   refuse to be imported there.
# - **At the end** of the program Python waits for a pool thread that still works.
#
# Sources: Python's documentation, *asyncio, Event Loop: Executing code in thread or process pools*,
# *Coroutines and Tasks: Running in Threads*, *concurrent.futures*, *multiprocessing: Contexts and
# start methods*, *sys.setswitchinterval*, *Python support for free threading*; PEP 734, PEP 779;
# Pillow's source, the function `ImagingSectionEnter`.
# </details>

# %% [markdown]
# ## You have seen
#
# - A thread is good for waiting, for pure Python, and for C code that releases the GIL. One long
#   step that keeps the GIL holds the loop from any thread. Another process has a GIL of its own.
# - What travels to a process is packed by your own Python, and that holds the loop. Send names, not
#   data.
# - A pool is a queue. Give slow calls a pool of their own, make it once, and await its jobs: no
#   `.result()`, and no `with` that ends on the loop.
#
# **Next**: the lab of this unit. Four jobs get their place, an oracle gets its pool, and ten people
# get their pictures. Then unit 06, for many things at the same time that may fail or come too late.
