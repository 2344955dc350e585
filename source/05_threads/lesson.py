# The lesson of unit 05. Every figure in the text is either measured by the cell above it, or cited
# under "In practice". `build` makes notebooks/05_threads.ipynb of this file. Nothing here leans on
# unit 04: the fast path goes 00, 02, 03, 05.

# %% [markdown]
# # 05 · Send each job where it belongs
#
# *Threads, processes, the GIL: which job goes where?*
#
# **You will** send seven jobs of a bot to a thread and to another process, and draw the map that
# says which of them may go where.
#
# **You learn**
# - what a thread does for each kind of work;
# - what the GIL is, who lets go of it, and how to find out;
# - to feed a process with what is small, and to give slow calls a pool of their own;
# - how to wait for a job that was sent away, and how not to.
#
# **You need** unit 03: what holds the loop, and the card `await asyncio.to_thread(function,
# argument)`. The lesson takes 25 to 40 minutes, the lab after it 20 to 45.

# %%
import asyncio
import multiprocessing
import random
import sys
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
recall("?", about="gather-cannot-help")

# %%
recall("?", about="who-is-guilty")

# %% [markdown]
# Two small tools for this lesson. `judge` shows the picture of a run and says what a grader would
# say. `sized` finds out how much work takes so many seconds on *your* machine, so that what you
# see does not depend on it.

# %%
def judge(report):
    """The picture of a run, and what a grader would say of it."""
    try:
        display(report.responsive(0.1))
    except Exception as complaint:  # the picture is shown before the check complains
        print(complaint)


def sized(work, start, seconds):
    """The n for which `work(n)` takes about so many seconds of this machine's CPU."""

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
# `!oracle` asks a language model through the SDK of its makers. The SDK blocks. Ours sleeps instead
# of asking, and says in which thread it was called:

# %%
def ask_oracle(question):
    """The SDK: it takes its time, and you cannot change it."""
    print(f"asked in the thread {threading.current_thread().name!r}")
    time.sleep(0.4)
    return "the stars are silent"

# %% [markdown]
# In unit 03 you sent such a call to a thread. Here is somebody who remembers it almost right:

# %%
async def oracle():
    return await asyncio.to_thread(ask_oracle("tea?"))

# %% [markdown]
# > **Predict.** What does the loop notice?

# %%
predict("?", about="called-too-early")

# %% experiment="called-too-early"
report = await watch(oracle)
judge(report)
print("Then:", report)

# %%
predict(about="called-too-early")

# %% [markdown]
# Look at the thread's name. The loop of a watched call lives in a thread named `watch ...`, and that
# is where the oracle was asked: **before** `to_thread` was called at all. One pair of brackets and
# a comma make the difference:

# %%
async def oracle():
    return await asyncio.to_thread(ask_oracle, "tea?")


judge(await watch(oracle))

# %% [markdown]
# Now it is asked in a thread of asyncio's pool, and the loop is free. For **waiting**, that is all
# there is to know: sleeping, a slow page, a locked file, an SDK. Whoever waits needs a place to wait
# in, and a thread is one.

# %% [markdown]
# ## 2 · Work in a thread: pure Python
#
# But what about work? You may have heard: "Threads are useless for that, because of the GIL." The
# **GIL** is a lock inside of Python. Only the thread that holds it may run Python; it is the one
# microphone in the room. Here is a second of dice:

# %%
def throw_often(throws):
    """How many of so many throws of two dice show seven."""
    dice, sevens = random.Random(1), 0
    for _ in range(throws):
        if dice.randint(1, 6) + dice.randint(1, 6) == 7:
            sevens += 1
    return sevens


throws = sized(throw_often, 5_000, seconds=1.0)


async def odds():
    return await asyncio.to_thread(throw_often, throws)

# %% [markdown]
# > **Predict.** One microphone, and a thread that talks for a second. How long does the loop stand
# > still?

# %%
predict("?", about="python-in-a-thread")

# %% experiment="python-in-a-thread"
report = await watch(odds)
judge(report)

# %%
predict(about="python-in-a-thread")

# %% [markdown]
# The strip below is not flat any more: the loop was late by some milliseconds, again and again. But
# it was never silenced. There is one microphone, and there is a rule for it: who wants it waits for
# at most

# %%
sys.getswitchinterval()

# %% [markdown]
# seconds, and then the other one is asked to hand it over. So "useless" is wrong. The work does not
# get *faster*, because there is only one microphone. But your bot does not want it faster. It wants
# to breathe meanwhile, and that it does.

# %% [markdown]
# ## 3 · Work in a thread: sorting
#
# `!ranking` sorts the scores of everybody. `sorted` is written in C, it is far quicker than any loop
# of ours, and into a thread it goes.

# %%
def some_scores(players):
    """So many scores, as numbers of eight random bytes."""
    return memoryview(random.Random(1).randbytes(8 * players)).cast("Q")


scores = list(some_scores(sized(lambda n: sorted(some_scores(n)), 20_000, seconds=0.6)))
print(f"{len(scores):,} scores")


async def ranking():
    return len(await asyncio.to_thread(sorted, scores))

# %% [markdown]
# > **Predict.** The sorting takes about 0.6 s. How long does the loop stand still?

# %%
predict("?", about="sorted-in-a-thread")

# %% experiment="sorted-in-a-thread"
report = await watch(ranking)
judge(report)

# %%
predict(about="sorted-in-a-thread")

# %% [markdown]
# As if there were no thread. A thread is asked for the microphone after 5 ms, but it hands it over
# only **between two steps** of Python. The dice took millions of small steps. `sorted` is *one*
# step, and nobody can interrupt it, however politely they ask.
#
# The picture says so: the line it names is in your code, and yet it is no `await` that went wrong,
# but *a thread that kept the GIL*.

# %% [markdown]
# ## 4 · Work in a thread: Pillow
#
# So C code stops the loop from a thread, and Python does not? Look at a photo first. `!blur` makes
# one unrecognizable, with Pillow, which is C code as well:

# %%
def blur(rows):
    """Blur a photo of 1000 times so many pixels."""
    photo = Image.new("RGB", (1000, rows), "teal")
    photo.filter(ImageFilter.GaussianBlur(8))


rows = sized(blur, 100, seconds=0.6)


async def blurred():
    await asyncio.to_thread(blur, rows)

# %% [markdown]
# > **Predict.** One long call again, 0.6 s of it. How long does the loop stand still?

# %%
predict("?", about="photo-in-a-thread")

# %% experiment="photo-in-a-thread"
report = await watch(blurred)
judge(report)

# %%
predict(about="photo-in-a-thread")

# %% [markdown]
# The people who wrote Pillow let go of the microphone before the long part, and took it again after
# it. They could: the pixels are bytes of their own, and no Python object is touched. `sorted`
# compares Python objects all the time, and may not.
#
# So there are four kinds of jobs:
#
# | the job | in a thread |
# |---|---|
# | **waits** | the loop is free |
# | **pure Python**, many small steps | late by some milliseconds: fine |
# | **C that lets go** (Pillow, hashlib, lzma, numpy mostly) | the loop is free, and it uses a second core |
# | **C that keeps it** (`sorted`, `json`, `re`) | the loop stands still |
#
# For the last kind a thread is not enough.

# %% [markdown]
# ## 5 · Work in another process
#
# A process is a second Python, with a GIL of its own. It shares nothing with yours. So whatever it
# is to do has to *travel*: the name of a function, its arguments, and at the end the result.
#
# A function travels by its **name**: the other Python imports the file it is in. What you define in
# a notebook is in no file, so jobs for processes get one. `%%writefile` writes the cell to a file
# beside this notebook:

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
# A pool of one process is waiting now, for as long as this notebook lives: to start one takes a
# moment, so you do that once and not in every command. (`spawn` starts a fresh Python. The default
# on Linux, `fork`, copies yours, which goes wrong now and then in a program with threads.)
#
# Two versions of the ranking. One sends the scores, and gets them back in order. The other one
# sends the name of a file:

# %%
async def ranking_that_travels():
    loop = asyncio.get_running_loop()
    return (await loop.run_in_executor(processes, sorted, scores))[-10:]


async def ranking_at_home():
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(processes, chores.best_ten, str(scores_file))

# %% [markdown]
# `run_in_executor` is `to_thread` with a pool of your choice: first the pool, then the function,
# then its arguments. Another difference: it starts the job immediately and returns a future, which
# you await when you need the result. `to_thread` starts nothing until you await it.
#
# > **Predict.** What does the loop notice of the two?

# %%
predict("?", about="what-travels")

# %% experiment="what-travels"
for version in (ranking_that_travels, ranking_at_home):
    report = await watch(version)
    held = report.longest_block * 1000
    print(f"{version.__name__:21} took {report.seconds:.2f} s, longest block {held:.0f} ms")

# %%
predict(about="what-travels")

# %% [markdown]
# The sorting itself is gone from the loop in both. But in the first version the scores are packed,
# sent, unpacked, and the same on the way back. How much is that? (On a busy machine your code gets
# the benefit of the doubt, and the block looks shorter than it was. CPU time is the same anywhere.)

# %%
import pickle

began = time.thread_time()
parcel = pickle.dumps(scores)
took = time.thread_time() - began
print(f"{len(parcel) / 1e6:.1f} MB, packed in {took * 1000:.0f} ms")

# %% [markdown]
# That is one long step of C, in a thread of *this* Python, and you know what that means; unpacking
# the result is another one. **Send names, not data**: a path, an id, a number. Let the job fetch
# what it needs, and send back what you are going to say.
#
# And what has no name cannot travel at all:

# %%
try:
    processes.submit(lambda: 2 + 2).result()
except Exception as error:
    print(f"{type(error).__name__}: {error}")

# %% [markdown]
# ## 6 · The map
#
# Now all of it at once: seven jobs, each on the loop, in a thread, and in a process. First the jobs,
# in a file, since they have to travel:

# %%
# %%writefile errands.py
"""Seven errands of a bot; the more, the longer each one takes."""

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
    name: sized(getattr(errands, name), start, seconds=0.3) if start else 300
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
# Each of them takes about 0.3 s, and on the loop each of them holds it for as long.
#
# > **Predict.** In a thread: which of the seven stop the loop all the same?

# %%
predict("?", about="which-let-go")

# %% experiment="which-let-go"
PLACES = {"loop": on_the_loop, "thread": in_a_thread, "process": in_a_process}
runs = {(name, place): await watch(run, name) for name in MORE for place, run in PLACES.items()}
held = {at: report.longest_block for at, report in runs.items()}
print("Stop the loop from a thread:", [n for n in MORE if held[n, "thread"] >= 0.1])
unsure = [n for n in MORE if held[n, "thread"] < 0.1 <= runs[n, "thread"].late_by_machine]
if unsure:
    print("Not certain, because other programs were busy:", unsure, "Run this cell again.")

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt


def heat_map(held):
    """One row a job, one column a place; dark and hatched where the loop stood still."""
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
# Read it row by row. The first column is what the job does to your bot when you simply call it:
# hatched from top to bottom. In the second column only the last three are hatched. In the third
# column everything is fine.
#
# Why not everything into processes, then? Because a thread is there at once and shares your
# variables, while a process has to be started, fed and paid for in memory. **A thread first; a
# process for those that stop the loop from a thread.** And when you do not know which kind a job is,
# do what you have just done: `watch` it.
#
# **Change it.** Write a job of your own bot into `errands.py`, and add it to `STARTS`. (Restart the
# kernel before you run it again: a process that runs already has imported the old file.)

# %% [markdown]
# ## 7 · Who else is in the pool?
#
# `to_thread` has no endless supply of threads. There is one pool for all, and it is small:

# %%
import os

min(32, (os.cpu_count() or 1) + 4)

# %% [markdown]
# threads on this machine. If they are all busy, the next job waits. Tonight forty people ask the
# oracle at once, and the bot wants to connect to a web page meanwhile. For that it looks up the
# page's address, with `getaddrinfo`. Here the name is `localhost`, and that takes no time at all:

# %%
async def lookup_among(slow_calls, pool):
    """How many seconds a lookup takes while so many slow calls are in a pool; None: the default."""
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
predict("?", about="a-full-pool")

# %% experiment="a-full-pool"
for run in (without_others, behind_forty):
    report = await watch(run)
    block = report.longest_block * 1000
    print(f"{run.__name__:15} {report.value * 1000:7.2f} ms (longest block {block:.0f} ms)")

# %%
predict(about="a-full-pool")

# %% [markdown]
# No block, a free loop, a healthy heart; and a bot that cannot connect to anything. asyncio has no
# lookup of its own. It calls the blocking one, in the same pool. Every `to_thread` in your bot
# stands in that queue, and so does every new connection.
#
# The cure is one line: **what is slow gets a pool of its own**, made once. Its size is a promise,
# too: never more than so many questions at a time.

# %%
oracle_pool = ThreadPoolExecutor(4, thread_name_prefix="oracle")


async def with_its_own_pool():
    return await lookup_among(40, oracle_pool)


report = await watch(with_its_own_pool)
print(f"{report.value * 1000:.2f} ms")

# %% [markdown]
# ## 8 · Out of patience
#
# The oracle is slow today, and you lose patience.

# %%
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

# %% [markdown]
# > **Predict.** What happens, and in which order?

# %%
predict("?", about="cut-short")

# %% experiment="cut-short"
report = await watch(impatient)

# %%
predict(about="cut-short")

# %% [markdown]
# What was cancelled is the *waiting*. The thread brews on, holds its place in the pool, and its
# result goes nowhere. For tea that is fine. For "buy a ticket" it means: after a timeout you do not
# know whether you have one.

# %% [markdown]
# ## 9 · Waiting for the job
#
# The job is in a thread, the function is passed and not called, and there is an `await`. And yet:

# %%
async def tidy():
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor() as pool:
        answer = loop.run_in_executor(pool, time.sleep, 0.4)
    return await answer

# %% [markdown]
# > **Predict.** What does the loop notice?

# %%
predict("?", about="leaving-the-with")

# %% experiment="leaving-the-with"
report = await watch(tidy)
judge(report)

# %%
predict(about="leaving-the-with")

# %% [markdown]
# The end of that `with` is a blocking call in disguise. With the `await` inside of it, all is well;
# with one pool for the whole bot, there is nothing to leave.
#
# The other way looks like an ordinary method. `pool.submit(job)` returns a future of *threads*, and
# its `.result()` waits as threads wait: with the thread. So does `thread.join()`.

# %%
async def asks_for_the_result():
    return oracle_pool.submit(time.sleep, 0.4).result()


judge(await watch(asks_for_the_result))

# %% [markdown]
# ## In your bot
#
# **Search for** what works or waits in handlers, and for the traps of parts 1 and 9:
#
# ```
# grep -rnE "Image\.open|\.save\(|sorted\(|json\.loads|re\.(match|search|sub)" --include="*.py" .
# grep -rnE "to_thread\(\w+\(|run_in_executor\([^,]+, *\w+\(|\.result\(\)|\.join\(\)" --include="*.py" .
# ```
#
# Most hits of the first line are harmless: ten scores are sorted in a microsecond. Look for what
# grows with the size of the server, or with what people send.
#
# **Before and after**
#
# ```python
# @bot.command()
# async def blur(ctx):                                            # before
#     photo = await ctx.message.attachments[0].read()
#     await ctx.send(file=discord.File(blurred(photo), "blur.png"))
#
# @bot.command()
# async def blur(ctx):                                            # after
#     photo = await ctx.message.attachments[0].read()
#     result = await asyncio.to_thread(blurred, photo)
#     await ctx.send(file=discord.File(result, "blur.png"))
# ```
#
# | the job | where to |
# |---|---|
# | waits, and there is an async client | no thread: await it (unit 07) |
# | waits, and there is none | a thread; if it is slow, a pool of its own |
# | pure Python | a thread; or turns, unit 04 |
# | Pillow, hashlib, lzma | a thread |
# | `sorted`, `json`, `re` on something big | a process, fed with a name |
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
# - **`to_thread` or `run_in_executor`.** `to_thread` takes keyword arguments and carries context
#   variables along, and always uses the default pool. `run_in_executor` takes any pool and no
#   keywords: `functools.partial(function, key=value)` helps.
# - **A coroutine function in a thread does nothing.** `to_thread(fetch)`, where `fetch` is an `async
#   def`, only makes a coroutine there. It has to be a plain `def`.
# - **The default pool** has min(32, processors + 4) threads.
# - **`loop.getaddrinfo` runs in the default pool**; so do aiohttp's lookups, unless aiodns is
#   installed (unit 07). aiofiles is a pool of threads as well.
# - **Many threads of pure Python** each want the GIL, and the loop stands in line with all of them:
#   one is fine, ten are not.
# - **fork, spawn, forkserver.** Linux forks by default up to Python 3.13, macOS and Windows spawn,
#   and 3.14 uses a forkserver on Linux. Whoever spawns needs `if __name__ == "__main__":` around the
#   lines that start the bot, for the other Python imports your main file.
# - **A process pool that lost a process** (no memory left, a crash in C) is broken: every later job
#   raises BrokenProcessPool. Make a new pool then.
# - **Free-threaded Python** (3.13t and later) has no GIL, and then `sorted` in a thread stops nobody.
#   Not every library is ready for it.
# - **At the end**, `pool.shutdown(wait=False, cancel_futures=True)` in the bot's `close`; a thread
#   that still works keeps the program from ending.
#
# Sources: Python's documentation, *asyncio, Event Loop: Executing code in thread or process pools*,
# *Coroutines and Tasks: Running in Threads*, *concurrent.futures*, *multiprocessing: Contexts and
# start methods*, *sys.setswitchinterval*; Pillow's source, the macro `ImagingSectionEnter`.
# </details>

# %% [markdown]
# ## You have seen
#
# - A thread is for waiting, for pure Python, and for C code that lets go of the GIL. One long step
#   that keeps it stops the loop from any thread; only another process has another lock.
# - What travels to a process is packed here. Send names, not data.
# - A pool is a queue. What is slow gets a pool of its own, made once, and awaited: no `.result()`,
#   no `with` that ends on the loop.
#
# **Next**: the lab of this unit, where four jobs find their place, an oracle gets its pool, and ten
# people get their pictures. Then unit 06, for many things at once that may fail, or come too late.
