# The lesson of unit 11. Every figure in the text is either measured by the cell above it, or cited
# under "In practice". `build` makes notebooks/11_catalog.ipynb of this file. The table of part 6
# takes about a second per library, 15 to 20 in all, so this lesson runs longer than others.

# %% [markdown]
# # 11 · Judge a library before your bot depends on it
#
# *Is it really async?*
#
# **You will** put four questions to three libraries that all say *async*, look at what a server
# sees of them, and add your library to the course's catalog, a table that is measured on your machine.
#
# **You learn**
# - four questions for any library: is the loop free? are there threads? how many calls at the same
#   time? what stops when you stop waiting?
# - what else to look up: whether the library is still maintained;
# - how to write a card for the catalog, so that other people can check what you found.
#
# **You need** units 03, 05 and 10. No internet: nothing leaves this machine.

# %%
import asyncio
import threading
import time

import aiohttp
import requests

from autograder import catalog, predict, recall, show, watch, world

servers = await world.start("http")

# %% [markdown]
# First, three questions, from units 10, 09 and 07. Skip those that you have not read.

# %%
recall("?", about="watchdog-or-debug-mode")

# %%
recall("?", about="lock-for-all")

# %%
recall("?", about="httpx-get")

# %% [markdown]
# ## 1 · "Async" is a word
#
# You need pages from the web, and you find three libraries. Each says *async* in its README, and
# each has an `async def fetch(url)`. Usually you do not read the source of what you install. Today
# you can see it:

# %%
async def swift(url):
    return requests.get(url).json()


async def steady(url):
    return (await asyncio.to_thread(requests.get, url)).json()


async def plain(url):
    async with aiohttp.ClientSession() as session, session.get(url) as page:
        return await page.json()


LIBRARIES = {"swift": swift, "steady": steady, "plain": plain}

# %% [markdown]
# > **Predict.** `swift` is an `async def`, you await it, and the page takes 0.5 s. What does your
# > bot get?

# %%
predict("?", about="fetch-of-swift")

# %% experiment="fetch-of-swift"
def judge(report):
    """The chart of a run, and what a grader would say of it."""
    try:
        display(report.responsive(0.1))
    except Exception as complaint:  # the check has shown the chart already
        print(complaint)


PAGE = f"{servers.http.url}/slow?seconds=0.5"
judge(await watch(swift, PAGE))

# %%
predict(about="fetch-of-swift")

# %% [markdown]
# An `async def` with a blocking call inside is a frequent fault of young libraries, and of our own
# functions. You cannot see it from outside, neither in the name nor in the signature. But
# you can measure it. This is the **first question**: is the loop free? `watch` answers it.

# %%
for name, fetch in LIBRARIES.items():
    report = await watch(fetch, PAGE)
    print(f"{name:8} held the loop for {report.longest_block * 1000:4.0f} ms")

# %% [markdown]
# `swift` is out. The other two look the same so far.
#
# ## 2 · Which threads are these?
#
# **The second question**: does the library work in threads? Look *while it waits*: which threads
# are there that were not there before?

# %%
async def new_threads(name):
    """The names of the threads that are there while this library waits for a page."""
    before = set(threading.enumerate())
    call = asyncio.create_task(LIBRARIES[name](PAGE))
    await asyncio.sleep(0.2)
    new = set(threading.enumerate()) - before
    await call
    return [thread.name for thread in new]


for name in ("steady", "plain"):
    report = await watch(new_threads, name)
    print(f"{name:8} new threads: {report.value or 'none'}")

# %% [markdown]
# Threads are not bad: aiosqlite, aiofiles and discord.py's voice use them. But you must *know* it,
# because a thread has a price that an `await` does not have.
#
# ## 3 · Forty at the same time
#
# Forty commands want a page at the same time. It takes 0.3 s.

# %%
async def forty(name, url):
    await asyncio.gather(*(LIBRARIES[name](url) for _ in range(40)))

# %% [markdown]
# > **Predict.** `steady` sends each call to asyncio's thread pool. How long until the last command
# > has its page?

# %%
predict("?", about="forty-pages")

# %% experiment="forty-pages"
pages = {}
for name in ("steady", "plain"):
    path = f"/forty/{name}"
    await servers.http.reset()
    await servers.http.plan(path=path, delay=0.3)
    report = await watch(forty, name, servers.http.url + path)
    pages[name] = await servers.http.log()
    print(f"{name:8} {report.seconds:.2f} s for all, ", end="")
    print(f"{servers.http.counters()['paths'][path]['peak']} at the same time, as the server saw it")

# %%
predict(about="forty-pages")

# %% [markdown]
# This is what the server has written down. Each line is one request, from its arrival to its
# answer:

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt


def waves(pages):
    """Every request of both runs as a line over time, as the server saw it."""
    look = {"figsize": (9, 3.2), "sharex": True, "sharey": True, "layout": "constrained"}
    (figure, axes), words = plt.subplots(1, 2, **look), []
    for pane, (name, log) in zip(axes, pages.items(), strict=True):
        first = min(entry["at"] for entry in log)
        for row, entry in enumerate(sorted(log, key=lambda entry: entry["at"])):
            began = entry["at"] - first
            pane.plot([began, began + entry["seconds"]], [row, row], color="black", linewidth=1.5)
        pane.set_title(f"{name}: {len(log)} requests", loc="left", fontsize=10)
        end = max(entry["at"] + entry["seconds"] for entry in log) - first
        words.append(f"{name}: {len(log)} requests, done after {end:.1f} s")
        pane.set_xlabel("seconds")
    axes[0].set_ylabel("requests, by arrival")
    show(figure, f"Requests as lines over time, as the server saw them. {'; '.join(words)}.")


waves(pages)

# %% [markdown]
# That is **the third question**: how many calls at the same time? A call in a thread needs that
# thread until it is done, and the pool has `min(32, processors + 4)` of them. All other calls wait
# in the queue. So does everything else that uses the pool: files, `to_thread`, and the lookup of
# names (unit 05).
#
# The loop was free all the time, so no watchdog sees this. Only the people who wait notice it.
#
# ## 4 · What stops when you stop waiting?
#
# A page takes 0.5 s, and you want to wait for 0.1 s.

# %%
async def impatient(name, url):
    """How a call with a time limit of 0.1 s ends, and when."""
    began = time.perf_counter()
    try:
        async with asyncio.timeout(0.1):
            await LIBRARIES[name](url)
        return "a page", time.perf_counter() - began
    except TimeoutError:
        return "TimeoutError", time.perf_counter() - began

# %% [markdown]
# > **Predict.** For which of the three libraries does the *server* see that the client has closed
# > the connection?

# %%
predict("?", about="who-hangs-up")

# %% experiment="who-hangs-up"
for name in LIBRARIES:
    path = f"/patience/{name}"
    await servers.http.reset()
    await servers.http.plan(path=path, delay=0.5)
    report = await watch(impatient, name, servers.http.url + path)
    end, seconds = report.value
    await asyncio.sleep(0.1)
    gave_up = servers.http.counters()["aborted"]
    print(f"{name:8} you: {end} after {seconds:.1f} s; ", end="")
    print("the server: the client hung up" if gave_up else "the server: answered to the end")

# %%
predict(about="who-hangs-up")

# %% [markdown]
# **The fourth question.** With threads, your timeout ends your *waiting*, and not the work. Forty
# impatient people then make forty requests that no one wants any more, each in a thread that
# another call is waiting for. Such a library needs a time limit of its own, inside the call:
# `requests.get(url, timeout=...)`.
#
# Four questions, three kinds:
#
# | | loop free | threads | calls at the same time | stops when you stop waiting |
# |---|---|---|---|---|
# | async in name only | no | no | 1 | no |
# | threads behind an await | yes | yes | the pool's size | no |
# | async all the way down | yes | no | as many as the library allows (aiohttp: 100) | yes |
#
# ## 5 · Is it maintained?
#
# A library needs people who take care of it: for the next Python, the next protocol, the next
# security hole. You cannot measure that. You must look it up, and the answer gets old. So the
# catalog of this course says *when* we looked, and *where*:

# %%
for name in ("httpx", "httpx2", "aiomysql", "asyncmy", "aiosqlite"):
    card = catalog.find(name)
    print(f"{card.name:10} {card.status}\n{'':10} (seen {card.seen}, {card.source})")

# %% [markdown]
# Look for the date of the last release, for answers to issues, for a successor that the README
# names, and for the Pythons that it supports. Take ten minutes before you write the first line with
# it.
#
# ## 6 · The catalog
#
# Each library of this course has a **card**: one file in `autograder/catalog/`, with two functions.
# `use` does a small job with the library. `blocking` does the same job with a blocking library, its
# **twin**. `compare` runs both on the watched loop, with a real server that takes 0.45 s. (SQLite has no
# server: there another process locks the file for that time.)
#
# > **Predict.** For how long does aiosqlite hold the loop, and for how long its twin, sqlite3?

# %%
predict("?", about="twin-and-library")

# %% experiment="twin-and-library"
await catalog.compare("aiosqlite")

# %%
predict(about="twin-and-library")

# %% [markdown]
# And now all of them: libraries for HTTP, databases, names, files. Each line is measured while you
# read this, about one second for each.

# %% jupyter={"source_hidden": true}
def strips(table):
    """Each library and its twin below it, over time; hatched where the loop was held."""
    made, words = table.comparisons, []
    figure, axes = plt.subplots(figsize=(9, 0.6 + 0.42 * len(made)), layout="constrained")
    for row, one in enumerate(made):
        for lift, report in ((-0.17, one.library), (0.17, one.twin)):
            axes.plot([0, report.seconds], [row + lift] * 2, color="0.6", linewidth=1)
            for block in report.blocks:
                axes.barh(row + lift, block.seconds, 0.24, left=block.start, facecolor="0.85",
                          edgecolor="black", hatch="////", linewidth=0.8, zorder=3)  # fmt: skip
        blocks = [f"{one.library.longest_block * 1000:.0f}", f"{one.twin.longest_block * 1000:.0f}"]
        words.append(f"{one.card.name} {blocks[0]}, {one.card.twin} {blocks[1]}")
        axes.text(1.01, row, " / ".join(blocks) + " ms", va="center",
                  transform=axes.get_yaxis_transform())  # fmt: skip
    names = [f"{one.card.name}\ninstead of {one.card.twin}" for one in made]
    axes.set_yticks(range(len(made)), names, fontsize=8)
    axes.set_ylim(len(made) - 0.5, -0.5)
    axes.set_xlabel("seconds; thin: it runs, hatched: the loop is held")
    show(figure, f"Longest block in ms of each library and its twin: {'; '.join(words)}.")

# %%
from autograder.catalog import measure


async def page(cards):
    """The catalog's page: the table and, below it, every library's timeline with its twin's."""
    table = await measure(cards)
    display(table)
    strips(table)

# %%
await page(catalog.cards())

# %% [markdown]
# In each pair the upper line is the library, and the lower one is its twin. They take about the
# same time: async makes nothing faster, but the loop is free. (anyio's card asks for three pages at
# the same time, and its twin for one after the other. There async saves time.)
#
# In a terminal, `python3 -m autograder catalog` prints this table. `python3 -m autograder catalog
# aiodns` prints one line of it, and what to know before you use that library.
#
# ## 7 · A card of your own
#
# Is your library missing? It takes a few minutes to write a card. Here is one for **dnspython**,
# which has a blocking half and an async half. The name server of this course takes 0.45 s for a
# name with `450ms` in it.

# %%
from autograder.catalog import Card

NAME = "shard-450ms.bot.test"


async def use(servers):
    import dns.asyncresolver

    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [servers.dns.host], servers.dns.port
    return [record.to_text() for record in await resolver.resolve(NAME, "A")]


def blocking(servers):
    import dns.resolver

    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [servers.dns.host], servers.dns.port
    return [record.to_text() for record in resolver.resolve(NAME, "A")]

# %%
import dataclasses

DNSPYTHON = Card(
    name="dnspython",
    purpose="DNS, every kind of record, without a library in C",
    twin="dnspython's own Resolver",
    status="maintained: 2.9.2",
    seen="2026-11-22",
    source="pypi.org/project/dnspython",
    use=use,
    blocking=blocking,
    modules=("dns.asyncresolver", "dns.resolver"),  # all that `use` or `blocking` imports
    servers=("dns",),  # what `world.start` must start
)
MISSING = dataclasses.replace(DNSPYTHON, name="my-library", modules=("my_library",))

# %% [markdown]
# `MISSING` is the same card for a library that is not installed.
#
# > **Predict.** What will the page show for it?

# %%
predict("?", about="card-without-library")

# %% experiment="card-without-library"
await page([DNSPYTHON, MISSING, catalog.find("aiodns")])

# %%
predict(about="card-without-library")

# %% [markdown]
# A card keeps four promises, and a test of this course checks them for every file in the catalog.
# Both functions return **the same value**. The twin **holds** the loop, or you would not need the
# library. The library **leaves the loop free**. And if something is missing, the card **says so in
# a sentence**: for that, the imports are inside the functions, and `modules` names them.
#
# **Change it.** Let `use` return `[]`, and run the cells from there on again. What does the table say?

# %% [markdown]
# ## In your bot
#
# **Search for** what you depend on, in the folder of your bot, with its own Python:
#
# ```
# pip list --not-required
# ```
#
# Ask the four questions about each line of that list. Most of them are answered soon; one or two
# will surprise you.
#
# **Before and after**, in a slash command:
#
# ```python
# @bot.tree.command()
# async def weather(interaction, city: str):              # before: the library says async
#     await interaction.response.defer()
#     await interaction.followup.send(await some_library.fetch(city))
#
# async def forecast(city):                               # after: a function of its own, which a
#     async with asyncio.timeout(5):                      # notebook can watch (the limit works only
#         return await some_library.fetch(city)           # if the library is really async)
#
# @bot.tree.command()
# async def weather(interaction, city: str):
#     await interaction.response.defer()
#     await interaction.followup.send(await forecast(city))
# ```
#
# **One change for tonight.** Take the library of your slowest command, and watch it in a notebook
# of this course: install it there (`%pip install NAME` in a cell), and copy `forecast` into the notebook.
# `(await watch(forecast, "Oslo")).longest_block` tells you for how many seconds it held the loop.

# %% [markdown]
# ## In practice
#
# <details><summary>The fine print, with sources</summary>
#
# - **A pool of its own.** A library that works in threads may have its own pool, with its own size,
#   and leave asyncio's alone: aiosqlite has one thread for each connection.
# - **One thread is not a pool.** A library that is async all the way down may still have a
#   thread: with aiodns installed, a program has one from its first aiohttp session on. Look for a
#   thread *for each call*.
# - **A limit is not always a pool.** aiohttp opens at most 100 connections per session, and httpx
#   does, too. A library that is async all the way down can make calls wait as well, on purpose.
# - **"Async" databases** are sometimes a blocking driver in a thread, sometimes a protocol of their
#   own: asyncpg and psycopg 3 speak PostgreSQL's protocol on the loop; SQLAlchemy's async half
#   needs an async driver below it.
# - **httpx**: last release 0.28.1, of December 2024. Its issues, discussions and pull requests are
#   closed to the public since February 2026; Pydantic's people continue it as httpx2. **aioredis**
#   is archived since February 2023; its successor is `redis.asyncio`. **motor** is deprecated since
#   14 May 2025 in favour of pymongo's `AsyncMongoClient`. Its end of life was 14 May 2026; critical
#   bugs are fixed until 14 May 2027. **nest_asyncio** is archived. Seen on 29 November 2026.
# - **Detectors and threads.** blockbuster and pyleak's `no_event_loop_blocking` (unit 10) do not
#   report a library that works in threads, because its loop is free.
#
# Sources: PyPI for versions and dates; issue 88 of PagerDuty/python-pagerduty and issue 2182 of
# apify/crawlee-python for httpx; MongoDB's documentation for motor; the READMEs of aioredis and
# nest_asyncio.
# </details>

# %% [markdown]
# ## You have seen
#
# - `async def` says how you call a function, not what it does. One run on a watched loop tells you.
# - A free loop is not yet async all the way down. You find threads in the list of threads, in waves
#   under load, and in work that goes on after a timeout.
# - A judgement is useful when other people can repeat it. A card makes that possible.
#
# **Next**: the lab, with three packages without labels. Then unit 12: everything at the same time.
