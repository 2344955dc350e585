# The lesson of unit 11. Every figure in the text is either measured by the cell above it, or cited
# under "In practice". `build` makes notebooks/11_catalog.ipynb of this file. The table of part 6
# takes about a second a library, 15 to 20 in all: it is why this lesson runs longer than others.

# %% [markdown]
# # 11 · Judge a library before your bot depends on it
#
# *Is it really async?*
#
# **You will** put four questions to three libraries that all say *async*, look at what a server sees
# of them, and add a library of your own to the catalog of this course, which measures itself.
#
# **You learn**
# - four questions to ask of any library: is the loop free? are there threads? how many calls at
#   once? who stops when I stop waiting?
# - what to look up besides: whether anybody still takes care of it;
# - how a card of the catalog is written, so that others can check what you found.
#
# **You need** units 03, 05 and 10. No internet: nothing leaves this machine. The lesson takes 25 to
# 35 minutes, the lab after it 20 to 40.

# %%
import asyncio
import threading
import time

import aiohttp
import requests

from autograder import catalog, predict, recall, show, watch, world

servers = await world.start("http")

# %% [markdown]
# First, three questions from earlier units.

# %%
recall("?", about="when-to-look")

# %%
recall("?", about="one-lock-per-key")

# %%
recall("?", about="async-library-sync-half")

# %% [markdown]
# ## 1 · "Async" is a word
#
# You need pages from the web, and you find three libraries. Each says *async* in its README, and
# each gives you an `async def fetch(url)`. What is inside you would not see, as you do not read the
# source of everything you install; today you may.


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
predict("?", about="async-in-the-name")


# %% experiment="async-in-the-name"
def judge(report):
    """The picture of a run, and what a grader would say of it."""
    try:
        display(report.responsive(0.1))
    except Exception as complaint:  # the picture is shown before the check complains
        print(complaint)


PAGE = f"{servers.http.url}/slow?seconds=0.5"
judge(await watch(swift, PAGE))

# %%
predict(about="async-in-the-name")

# %% [markdown]
# An `async def` with a blocking call inside is the commonest fault of young libraries, and of our
# own functions. It cannot be seen from outside, neither in the name nor in the signature. But it
# can be measured: this is the **first question**, and your tool for it is `watch`.

# %%
for name, fetch in LIBRARIES.items():
    report = await watch(fetch, PAGE)
    print(f"{name:8} held the loop for {report.longest_block * 1000:4.0f} ms")

# %% [markdown]
# `swift` is out. Between the other two there seems to be no difference. Is there?
#
# ## 2 · Whose threads are those?
#
# **The second question**: does it work in threads? Look *while it waits*: which threads are there
# that were not there before?


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
# Threads are no disgrace: aiosqlite is made of them, and so are aiofiles and discord.py's voice.
# What matters is that you *know*, because a thread costs something that an `await` does not. What?
#
# ## 3 · Forty at once
#
# An evening with forty people: forty commands want a page at the same time. It takes 0.3 s.


# %%
async def forty(name, url):
    await asyncio.gather(*(LIBRARIES[name](url) for _ in range(40)))


# %% [markdown]
# > **Predict.** With `steady`, which sends each call to asyncio's thread pool: when has the last
# > one its page?

# %%
predict("?", about="forty-at-once")

# %% experiment="forty-at-once"
pages = {}
for name in ("steady", "plain"):
    path = f"/forty/{name}"
    await servers.http.reset()
    await servers.http.plan(path=path, delay=0.3)
    report = await watch(forty, name, servers.http.url + path)
    pages[name] = await servers.http.log()
    print(f"{name:8} {report.seconds:.2f} s for all, ", end="")
    print(f"{servers.http.counters()['paths'][path]['peak']} at once, as the server saw it")

# %%
predict(about="forty-at-once")

# %% [markdown]
# The server took notes. Each line is one request, from its arrival to its answer:

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
# That is **the third question**: how many at once? A call in a thread needs that thread for as long
# as it takes, and the pool has `min(32, processors + 4)` of them. All the others stand in line, and
# with them everything else that uses the pool: files, `to_thread`, and the lookup of names, as
# unit 05 showed.
#
# The loop was free all the time. So no watchdog sees it; only people do, who wait.
#
# ## 4 · Who stops when you stop waiting?
#
# A page takes 0.5 s, and you have patience for 0.1 s.


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
# > **Predict.** For which of the three libraries does the *server* see that the client has given
# > up?

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
    print("the server: the client has hung up" if gave_up else "the server: answered to the end")

# %%
predict(about="who-hangs-up")

# %% [markdown]
# **The fourth question.** With threads, your timeout ends your *waiting*, and not the work. With
# forty impatient people that is forty requests which nobody wants any more, each in a thread that
# somebody else is waiting for. Such a library needs a time limit of its own, inside the call:
# `requests.get(url, timeout=...)`.
#
# Four questions, three kinds:
#
# | | loop free | threads | at once | stops with you |
# |---|---|---|---|---|
# | async in name only | no | no | 1 | no |
# | threads behind an await | yes | yes | the pool's size | no |
# | async all the way down | yes | no | as many as you like | yes |
#
# In the lab you get packages without labels, and find out which is which.
#
# ## 5 · Is anybody at home?
#
# The best library is of no use when nobody takes care of it: the next Python, the next protocol,
# the next hole in its security. That cannot be measured here, it must be looked up, and what is
# looked up grows old. So the catalog of this course says *when* and *where*.
#
# > **Predict.** Three libraries that many bots use: one is archived, one is deprecated in favour of
# > another package, one had its last release in December 2024. Which one is httpx?

# %%
predict("?", about="alive-or-not")

# %% experiment="alive-or-not"
for name in ("httpx", "httpx2", "aiomysql", "asyncmy", "aiosqlite"):
    card = catalog.find(name)
    print(f"{card.name:10} {card.status}\n{'':10} (seen {card.seen}, {card.source})")

# %%
predict(about="alive-or-not")

# %% [markdown]
# Look for: the date of the last release; whether issues are answered; whether a successor is named
# in the README; and which Pythons it says it runs on. Ten minutes, before you write the first line
# with it.
#
# ## 6 · The catalog
#
# Each library of this course has a **card**: one file in `autograder/catalog/`, with a function
# `use` that does a small job with it, and a function `blocking` that does the same job as one would
# without. `compare` runs both on the watched loop, with a real server that takes 0.45 s.
#
# > **Predict.** For how long does each hold the loop?

# %%
predict("?", about="twin-and-library")

# %% experiment="twin-and-library"
await catalog.compare("aiosqlite")

# %%
predict(about="twin-and-library")

# %% [markdown]
# And now all of them: libraries for HTTP, databases, names, files. Nothing in this page was written
# down beforehand. Each line is measured as you read this, one after the other, so it takes about a
# second for each. What your machine does not have is left out, with the reason.


# %% jupyter={"source_hidden": true}
def strips(table):
    """Below each other: each library and its twin, over time; hatched is where the loop stood."""
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
    axes.set_xlabel("seconds; thin: it runs, hatched: the loop stands")
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
# In each pair the upper line is the library, the lower one its twin. They run for about as long:
# async makes nothing faster. It only gives the loop away meanwhile. (anyio's card asks for three
# pages at once, and its twin for one after the other. *That* is where time is won.)
#
# In a terminal, `python3 -m autograder catalog` prints this table, and `python3 -m autograder
# catalog aiodns` one line of it with what you should know before you use it.
#
# ## 7 · A card of your own
#
# Is your library missing? A card is quickly written. Here is one for **dnspython**, which many
# know as a blocking library, and which has an async face as well. The world's name server takes
# 0.45 s for a name with `450ms` in it.

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
    status="maintained: 2.8.0",
    seen="2026-11-22",
    source="pypi.org/project/dnspython",
    use=use,
    blocking=blocking,
    modules=("dns.asyncresolver", "dns.resolver"),  # what both import
    servers=("dns",),  # what `world.start` must start
)
MISSING = dataclasses.replace(DNSPYTHON, name="my-library", modules=("my_library",))

# %% [markdown]
# `MISSING` is the same card for a library that nobody has installed.
#
# > **Predict.** What will the page show for it?

# %%
predict("?", about="card-without-library")

# %% experiment="card-without-library"
await page([DNSPYTHON, MISSING, catalog.find("aiodns")])

# %%
predict(about="card-without-library")

# %% [markdown]
# A card keeps four promises, and a test of this course checks them for every file in the catalog:
# both functions return **the same value**; the twin **holds** the loop, or there would be no reason
# for the library; the library **leaves it free**; and where something is missing, the card **says
# so in a sentence**. For the last one the imports stand inside the functions, and `modules` names
# them.
#
# **Change it.** Let `use` return only the first record. What does the table say?

# %% [markdown]
# ## In your bot
#
# **Search for** what you depend on, in the folder of your bot, with its own Python:
#
# ```
# pip list --not-required
# ```
#
# Go through that list with the four questions. Most of it will be quickly done; one or two will
# surprise you.
#
# **Before and after**
#
# ```python
# page = await some_library.fetch(url)                    # before: it says async
#
# async with asyncio.timeout(5):                          # after: it is, and it has a limit
#     async with bot.session.get(url) as page:
#         text = await page.text()
# ```
#
# **One change for tonight.** Take the library that your slowest command uses, and watch it: `await
# watch(that_command_without_discord)` in a notebook of this course. One number, and you know.

# %% [markdown]
# ## In practice
#
# <details><summary>The fine print, with sources</summary>
#
# - **A pool of its own.** A library in threads may bring its own pool, with its own size, and not
#   disturb asyncio's: aiosqlite has one thread for each connection.
# - **One thread is not a pool.** A library that is async all the way down may still keep a thread
#   for tidying up: with aiodns installed, aiohttp's sessions do, when they are closed. Look for a
#   thread *for each call*.
# - **A limit is not always a pool.** aiohttp opens 100 connections for a session at most, httpx
#   too: a library that is async all the way down can stand in line as well, on purpose.
# - **"Async" databases** are sometimes a blocking driver in a thread, sometimes a protocol of their
#   own: asyncpg and psycopg 3 speak PostgreSQL's protocol on the loop; SQLAlchemy's async face
#   needs an async driver below it.
# - **httpx**: last release 0.28.1, of December 2024. Its issues, discussions and pull requests are
#   closed to the public since February 2026; Pydantic's people continue it as httpx2. **aioredis**
#   is archived since February 2023 and lives on as `redis.asyncio`. **motor** is deprecated since
#   14 May 2025 in favour of pymongo's `AsyncMongoClient`. Its end of life was 14 May 2026; critical
#   bugs are fixed until 14 May 2027. **nest_asyncio** is archived. Seen on 29 November 2026.
# - **Detectors and threads.** blockbuster and pyleak (unit 10) do not complain of a library in
#   threads, and rightly so: its loop is free.
#
# Sources: PyPI for versions and dates; issue 88 of PagerDuty/python-pagerduty and issue 2182 of
# apify/crawlee-python for httpx; MongoDB's documentation for motor; the READMEs of aioredis and
# nest_asyncio.
# </details>

# %% [markdown]
# ## You have seen
#
# - `async def` is how a function is called, not what it does. One run on a watched loop tells.
# - A free loop is not yet async all the way down: threads show in the list of threads, in waves
#   under load, and in work that nobody can stop.
# - A judgement is worth something when others can repeat it: that is what a card is for.
#
# **Next**: the lab, where three packages without labels wait for you. Then unit 12: everything at
# once.
