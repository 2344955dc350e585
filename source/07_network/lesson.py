# The lesson of unit 07. Every figure in the text is either measured by the cell above it, or cited
# under "In practice". `build` makes notebooks/07_network.ipynb of this file.

# %% [markdown]
# # 07 · Ask the network without holding the loop
#
# *Which network client, and how?*
#
# **You will** let many people use `!dog`, with four different clients, and count what the server
# sees.
#
# **You learn**
# - which calls of an async library hold the loop, by measuring them;
# - why a bot needs one session, how many requests it sends at the same time, and when its timeout
#   starts to count;
# - what to do when a server says "later";
# - what else a server says, and which requests are worth a second try;
# - what looks up the names of servers, and what that costs.
#
# **You need** tasks and `gather` (02), threads and the default pool (05), a timeout (06). No
# Discord account and no internet: nothing leaves this machine.

# %%
import asyncio
import random
import time

import aiohttp
import httpx
import requests

from autograder import catalog, predict, recall, show, watch, world

servers = await world.start("http", "dns")
SERVER = servers.http.url

# %% [markdown]
# First, three questions from earlier units. Put a letter in place of each question mark, and run
# the cell again.

# %%
recall("?", about="gate-not-batches")

# %%
recall("?", about="late-connections")

# %%
recall("?", about="when-a-task-begins")

# %% [markdown]
# ## 1 · Three people, four clients
#
# `!dog` sends the picture of a dog. It asks a web page which one, and tonight the page takes 0.3 s.
# Here is the command with three libraries. Two of them are known as async.

# %%
await servers.http.plan(path="/dog", delay=0.3, body={"message": "corgi-7.jpg"})
PAGE = SERVER + "/dog"


async def dog_requests():
    return requests.get(PAGE).json()["message"]


async def dog_httpx():
    return httpx.get(PAGE).json()["message"]


async def dog_aiohttp():
    async with aiohttp.ClientSession() as session, session.get(PAGE) as page:
        return (await page.json())["message"]

# %% [markdown]
# Here is a crowd: several people who use one command at the same moment. As always, `watch` runs it
# on a loop of its own, and draws what held that loop.

# %%
def crowd(command, people):
    """A coroutine function in which `people` use `command` at the same time."""

    async def evening():
        return await asyncio.gather(*(command() for _ in range(people)))

    return evening


def judge(report):
    """The chart of a run, and what a grader would say of it."""
    try:
        display(report.responsive(0.1))
    except Exception as complaint:  # the check has shown the chart already
        print(complaint)

# %% [markdown]
# You know `requests` from unit 03. httpx is one of the two that are known as async.
#
# > **Predict.** ada, bo and cy use `dog_httpx` at the same moment. For how long is the loop held?

# %%
predict("?", about="dog-httpx")

# %% experiment="dog-httpx"
judge(await watch(crowd(dog_httpx, 3)))

# %%
predict(about="dog-httpx")

# %% [markdown]
# There is one hatched bar, as long as all three calls together: between two calls the loop could not
# look at its sockets. (Three tasks made this block, so it is in the lane *event loop*.) httpx has two
# halves. `httpx.get` belongs to the half that blocks, as `requests.get` does. There is no `await` in
# that line. Now the same three people with aiohttp:

# %%
judge(await watch(crowd(dog_aiohttp, 3)))

# %% [markdown]
# The three tasks wait at the same time. The other half of httpx, the half for bots, is the
# `AsyncClient`. So there are four clients:

# %%
async def dog_async_client():
    async with httpx.AsyncClient() as client:
        return (await client.get(PAGE)).json()["message"]


CLIENTS = {
    "requests.get": dog_requests,
    "httpx.get": dog_httpx,
    "httpx.AsyncClient": dog_async_client,
    "aiohttp": dog_aiohttp,
}

# %%
runs = {name: await watch(crowd(command, 3)) for name, command in CLIENTS.items()}

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt


def bars(runs):
    """One row per client: how long people waited, and the longest block of the loop."""
    figure, axes = plt.subplots(figsize=(8, 2.6))
    words = []
    for row, (name, report) in enumerate(reversed(runs.items())):
        axes.barh(row + 0.18, report.seconds, 0.32, color="0.85", edgecolor="black")
        axes.barh(row - 0.18, report.longest_block, 0.32, color="0.35", hatch="//", edgecolor="w")
        held = f"{report.longest_block * 1000:.0f} ms"
        words.append(f"{name} {report.seconds:.2f} s, loop held for {held}")
        plain = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # over the dotted line
        axes.text(report.longest_block + 0.015, row - 0.18, held, va="center", size=9, bbox=plain)
    axes.set_yticks(range(len(runs)), reversed(runs))
    axes.axvline(0.1, color="black", linestyle=":")
    axes.set(xlabel="seconds: light, until everyone had a dog; hatched, longest block of the loop")
    show(figure, f"Until everyone had a dog: {'; '.join(reversed(words))}.")


bars(runs)

# %% [markdown]
# With the upper two, people wait three times as long, and the loop is held all that time. (The
# dotted line is our limit, 100 ms.) With the lower two the loop is free while the page is on its
# way.
#
# But look at the third row again. This client is async, and no `await` is missing. Still it holds
# the loop for some time. Why?

# %% [markdown]
# ## 2 · A client each
#
# ada, bo and cy each made a client of their own. Now we only make clients, and send no request.
#
# > **Predict.** Ten people use a command at the same moment, and it makes an `httpx.AsyncClient()`
# > for each of them. For how long is the loop held?

# %%
predict("?", about="making-a-client")

# %% experiment="making-a-client"
async def make_httpx():
    async with httpx.AsyncClient():
        pass


async def make_aiohttp():
    async with aiohttp.ClientSession():
        pass


judge(await watch(crowd(make_httpx, 10)))
print((await watch(crowd(make_aiohttp, 10))).sentence.replace("evening", "aiohttp, ten times"))

# %%
predict(about="making-a-client")

# %% [markdown]
# To be ready for `https`, the constructor loads a list of more than a hundred certificates, with which
# it can check any https server. It does this immediately, on the loop, and again for every new client.
# There is no `await` in a constructor, so no other task runs during that time. **An async library
# does not promise that each of its calls is fast.** So this course measures them.
#
# The cure is easy. Make *one* client when the bot starts, and keep it. (Or make one *SSL context*,
# which holds that list, and pass it to every client: `httpx.AsyncClient(verify=context)`.)
#
# aiohttp has no such block. So may each command have a session of its own with aiohttp? Let 20 people
# come, one after the other, and ask the *server* what it saw.

# %%
async def own_session():
    for _ in range(20):
        async with aiohttp.ClientSession() as session, session.get(SERVER + "/fast") as page:
            await page.read()


async def shared_session():
    async with aiohttp.ClientSession() as session:
        for _ in range(20):
            async with session.get(SERVER + "/fast") as page:
                await page.read()

# %% [markdown]
# > **Predict.** Each of the two sends 20 requests. How many connections does the server count?

# %%
predict("?", about="how-many-connections")

# %% experiment="how-many-connections"
seen = {}
for command in (own_session, shared_session):
    await servers.http.reset()
    await watch(command)
    seen[command.__name__] = [entry["connection"] for entry in await servers.http.log()]
    print(f"{command.__name__}: {servers.http.counters()['connections']} connections")

# %%
predict(about="how-many-connections")

# %% jupyter={"source_hidden": true}
def stairs(seen):
    """On which connection each request came."""
    figure, axes = plt.subplots(figsize=(8, 2.8))
    for mark, (name, numbers) in zip("xo", seen.items(), strict=True):
        axes.plot(range(1, len(numbers) + 1), numbers, mark, color="black", label=name)
    axes.set(xlabel="request", ylabel="connection", xticks=(1, 5, 10, 15, 20), yticks=(1, 10, 20))
    axes.legend()
    words = [f"{name} {len(set(ids))} for {len(ids)} requests" for name, ids in seen.items()]
    show(figure, f"How many connections were used: {'; '.join(words)}.")


stairs(seen)

# %% [markdown]
# The crosses climb: a new connection for every request. The circles stay at the bottom: always the
# same connection. On this machine a new connection costs little. To a server on another continent it
# costs one trip there and back, and for `https` another one, before the first byte of your request
# is sent.
#
# A session is not a request. It keeps **open connections for the next request**. If you throw the
# session away after each command, there is nothing to reuse. One session for the bot:
#
# ```python
# class Bot(commands.Bot):
#     session = None
#
#     async def setup_hook(self):
#         self.session = aiohttp.ClientSession()
#
#     async def close(self):
#         if self.session:  # with a wrong token, `close` runs without `setup_hook`
#             await self.session.close()
#         await super().close()
# ```

# %% [markdown]
# ## 3 · Everyone at the same time
#
# Suppose that a bot makes 300 requests at the same time, all through one session, and each takes the
# server 0.5 s.
#
# > **Predict.** How long until the last request has its answer?

# %%
predict("?", about="300-requests")

# %% experiment="300-requests"
await servers.http.reset()


async def everybody():
    async with aiohttp.ClientSession() as session:

        async def one():
            async with session.get(SERVER + "/slow?seconds=0.5") as page:
                return page.status

        return await asyncio.gather(*(one() for _ in range(300)))


report = await watch(everybody)
print(f"{len(report.value)} answers after {report.seconds:.2f} s;", end=" ")
print("the server saw at most", servers.http.counters()["peak"], "requests at the same time")
if report.seconds > 1.9:
    print("Other programs made this slower. Count the waves in the chart below.")
requests_seen = await servers.http.log()

# %%
predict(about="300-requests")

# %% jupyter={"source_hidden": true}
def open_over_time(entries):
    """How many requests the server had under way, from their arrivals and ends."""
    start = min(entry["at"] for entry in entries)
    changes = [(entry["at"] - start, 1) for entry in entries]
    changes += [(entry["at"] - start + entry["seconds"], -1) for entry in entries]
    times, heights, height = [0.0], [0], 0
    for when, change in sorted(changes):
        height += change
        times.append(when)
        heights.append(height)
    figure, axes = plt.subplots(figsize=(8, 2.6))
    axes.fill_between(times, heights, step="post", color="0.8")
    axes.step(times, heights, "k", where="post")
    axes.axhline(100, color="black", linestyle=":")
    axes.set(xlabel="seconds", ylabel="requests under way", ylim=(0, 115))
    said = f"at most {max(heights)}, the last one done after {times[-1]:.1f} s"
    show(figure, f"Requests under way over time: {said}.")


open_over_time(requests_seen)

# %% [markdown]
# There are three waves. The session opens 100 connections and no more; the other requests wait for a
# free one. That protects the server and your own machine. For a small server even 100 are too many.
# You can allow 5, and give `gather` as many requests as you like:

# %%
await servers.http.reset()


async def modest():
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=5)) as session:

        async def one():
            async with session.get(SERVER + "/slow?seconds=0.02") as page:
                return page.status

        return len(await asyncio.gather(*(one() for _ in range(50))))


report = await watch(modest)
print(report.value, "pages,", servers.http.counters()["connections"], "connections")

# %% [markdown]
# (With httpx: `httpx.AsyncClient(limits=httpx.Limits(max_connections=5))`.)
#
# Back to the waves. A session with 20 connections gets 60 requests at the same time, and the server
# answers each request in 0.6 s. We do not want to wait longer than 0.9 s, so we set a timeout. (With
# `return_exceptions=True`, `gather` returns errors in its list and does not raise the first one.)
#
# > **Predict.** How many of the 60 requests run into the timeout?

# %%
predict("?", about="whose-timeout")

# %% experiment="whose-timeout"
async def hurried():
    twenty, patience = aiohttp.TCPConnector(limit=20), aiohttp.ClientTimeout(total=0.9)
    async with aiohttp.ClientSession(connector=twenty, timeout=patience) as session:

        async def one():
            async with session.get(SERVER + "/slow?seconds=0.6") as page:
                return page.status

        answers = await asyncio.gather(*(one() for _ in range(60)), return_exceptions=True)
    return answers.count(200)


in_time = (await watch(hurried)).value
print({"answers": in_time, "timeouts": 60 - in_time})
if in_time < 20:
    print("Other programs took more than the 0.3 s to spare. Run this cell again.")

# %%
predict(about="whose-timeout")

# %% [markdown]
# The `total` timeout starts when *you* make the request, not when the server gets it. Time in the
# queue counts. If you see timeouts only under load, check the queue before you blame the server. (To
# limit only the time in which the server sends nothing, use `aiohttp.ClientTimeout(sock_read=0.9)`.
# Then there is no total limit.)

# %% [markdown]
# ## 4 · "Come back later"
#
# bo has built a wall of fame: `!fame` posts lines to a web service, which accepts **three requests in
# 0.6 s**. It refuses all further requests with status **429**. The header `Retry-After` says how many seconds the
# client must wait. Here is a command that does not read this header:

# %%
LINES = [f"ada rolls {number}" for number in range(7)]


async def stubborn():
    async with aiohttp.ClientSession() as session:
        for line in LINES:
            while True:
                async with session.post(SERVER + "/fame", json={"line": line}) as reply:
                    if reply.status != 429:
                        break
                await asyncio.sleep(0.05)  # then try again

# %% [markdown]
# There are seven lines, and three are accepted in 0.6 s.
#
# > **Predict.** How often is `stubborn` refused?

# %%
predict("?", about="strong-will")

# %% experiment="strong-will"
async def fame(command):
    """Run a command that posts to the wall of fame; return what the wall saw."""
    await servers.http.reset()
    await servers.http.plan(path="/fame", limit=3, window=0.6)
    await watch(command)
    return await servers.http.log()


walls = {"stubborn": await fame(stubborn)}
print(sum(entry["status"] == 429 for entry in walls["stubborn"]), "times refused")

# %%
predict(about="strong-will")

# %% [markdown]
# `patient` reads the header and waits as long as it says. So it is refused only twice, at the fourth
# line and at the seventh:

# %%
async def patient():
    async with aiohttp.ClientSession() as session:
        for line in LINES:
            while True:
                async with session.post(SERVER + "/fame", json={"line": line}) as reply:
                    if reply.status != 429:
                        break
                    pause = float(reply.headers["Retry-After"])
                await asyncio.sleep(pause)


walls["patient"] = await fame(patient)

# %% jupyter={"source_hidden": true}
def on_the_wall(walls):
    """Each request as the server saw it: a circle was accepted, a cross was refused."""
    figure, axes = plt.subplots(figsize=(8, 1.9))
    words = []
    for row, (name, entries) in enumerate(reversed(walls.items())):
        for mark, refused, place in (("o", False, row + 0.15), ("x", True, row - 0.15)):
            times = [e["at"] - entries[0]["at"] for e in entries if (e["status"] == 429) is refused]
            axes.plot(times, [place] * len(times), mark, color="black", markersize=7)
            words.append(f"{name} {len(times)} {'refused' if refused else 'accepted'}")
    axes.set_yticks(range(len(walls)), reversed(walls))
    axes.set(xlabel="seconds (circle: accepted, cross: refused)", ylim=(-0.6, len(walls) - 0.4))
    show(figure, f"Requests over time, as the server saw them: {', '.join(words)}.")


on_the_wall(walls)

# %% [markdown]
# Both programs end at the same time. But the crosses are useless requests, and servers count them:
# Discord bans an address for a while after 10,000 refusals in ten minutes. For Discord's own limits,
# discord.py does this waiting itself. For every other service you must do it.
#
# Both programs also do three things right. They wait with `await`, so the bot can do other work. They
# send *the same line* again, so nothing is lost. They do not send the next line before that, so the
# order is kept.

# %% [markdown]
# ## 5 · What else a server says
#
# A web page can answer with other statuses than 200 and 429. By default, aiohttp raises no exception
# for an error status. It returns such a reply like any other:

# %%
await servers.http.reset()
await servers.http.plan(path="/gone", status=404)
await servers.http.plan(path="/busy", status=503, times=2)
await servers.http.plan(path="/cut", reset=True)


async def said(path, **settings):
    """The status of a reply, or the name of the exception."""
    async with aiohttp.ClientSession(**settings) as session:
        try:
            async with session.get(SERVER + path) as page:
                return page.status
        except aiohttp.ClientError as error:
            return f"{type(error).__name__}, status {getattr(error, 'status', 'missing')}"


for path in ("/gone", "/busy", "/cut"):
    plain, strict = await said(path), await said(path, raise_for_status=True)
    print(f"{path}: {plain}; with raise_for_status=True: {strict}")

# %% [markdown]
# So ask for exceptions: `raise_for_status=True`, for the whole session. Then decide by the status:
#
# - **Below 500** the request is wrong (404, 403) and will be wrong again. A 429 is different (part 4);
#   to stay short, `insistent` below does not handle it and raises.
# - **500 and above**, or **no reply** at all: the server has trouble. Try again, with longer and
#   longer pauses, and give up after some tries. Repeat only requests that may be done twice, such as
#   a GET.

# %%
async def insistent(session, url, tries=4, pause=0.05):
    """The JSON at `url`; tries again when the server has trouble."""
    for left in reversed(range(tries)):
        try:
            async with session.get(url, raise_for_status=True) as page:
                return await page.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            if getattr(error, "status", 500) < 500 or left == 0:
                raise
        await asyncio.sleep(pause * random.uniform(0.5, 1))  # not all bots at the same moment
        pause *= 2


await servers.http.plan(path="/busy", status=503, times=2)
async with aiohttp.ClientSession() as session:
    print(await insistent(session, SERVER + "/busy"))
print([entry["status"] for entry in await servers.http.log()][-3:])

# %% [markdown]
# **One pause for all commands.** While ada's `!fame` waits, bo uses `!fame`, too. His command knows
# nothing of her 429. So keep the pause next to the session, which both commands share:

# %%
class Guest:
    """A session, and the pause that a server asked for; one for the whole bot."""

    def __init__(self, session, one_pause):
        self.session, self.one_pause, self.free_at = session, one_pause, 0.0

    async def post(self, line):
        while True:
            if self.one_pause:
                await asyncio.sleep(max(0.0, self.free_at - time.monotonic()))
            async with self.session.post(SERVER + "/fame", json={"line": line}) as reply:
                if reply.status != 429:
                    return
                pause = float(reply.headers["Retry-After"])
            self.free_at = time.monotonic() + pause
            await asyncio.sleep(pause)

# %%
async def two_commands(one_pause):
    async with aiohttp.ClientSession() as session:
        guest = Guest(session, one_pause)

        async def bo():
            await asyncio.sleep(0.2)
            await guest.post("bo rolls 3")

        async with asyncio.TaskGroup() as commands:
            commands.create_task(bo())
            for line in LINES[:3]:
                await guest.post(line)


for one_pause in (False, True):
    await servers.http.reset()
    await servers.http.plan(path="/fame", limit=2, window=0.6)
    await watch(two_commands, one_pause)
    refused = servers.http.counters()["refused"]
    print(f"{'one pause for both' if one_pause else 'a pause each'}: refused {refused} time(s)")

# %% [markdown]
# With one pause for both, bo's command waits as well, and its request is not refused.
#
# **A big file.** `await page.read()` loads the whole file into memory. Read it in portions: then a
# file of any size needs less than 1 MB of memory.
#
# ```python
# async with session.get(url) as page:
#     async for portion in page.content.iter_chunked(65536):
#         ...
# ```
#
# **A connection that stays open.** HTTP is a question and an answer. A **WebSocket** is a connection
# on which both sides may send at any time, and the gateway is one. discord.py has one WebSocket and
# takes care of it for you. Unit 13 builds such a client by hand, for the curious.

# %% [markdown]
# ## 6 · Who looks up the name?
#
# `http://127.0.0.1` has an address. `discord.com` is a name: before the first connection the bot must
# ask a name server for the address. `socket.getaddrinfo` does that, and it blocks. So asyncio never
# calls it on the loop: `loop.getaddrinfo` sends it to the default pool of threads (unit 05).
#
# `getaddrinfo` asks the name server of your system, and we want to ask a slow one of our own. So we
# use a call of the library dnspython instead, which blocks in the same way.

# %%
import concurrent.futures

import aiodns
import dns.resolver

blocking = dns.resolver.Resolver(configure=False)
blocking.nameservers, blocking.port = [servers.dns.host], servers.dns.port
THREADS = concurrent.futures.ThreadPoolExecutor()._max_workers  # of the default pool
NAMES = [f"page{n}-300ms.bot.test" for n in range(4 * THREADS)]  # each takes 0.3 s
print(f"{THREADS} threads, {len(NAMES)} names")

# %%
async def in_threads():
    """As `loop.getaddrinfo` does it."""
    return await asyncio.gather(*(asyncio.to_thread(blocking.resolve, n, "A") for n in NAMES))


async def by_aiodns():
    """aiodns (its C library is c-ares) asks for all names over one socket, in one thread."""
    async with aiodns.DNSResolver(nameservers=[servers.dns.address]) as resolver:
        return await asyncio.gather(*(resolver.query_dns(n, "A") for n in NAMES))

# %% [markdown]
# There are four times as many names as threads, and each name takes the name server 0.3 s.
#
# > **Predict.** How long do the threads need for all of them?

# %%
predict("?", about="names-in-threads")

# %% experiment="names-in-threads"
async def lookups(function):
    """Return when the name server heard each question, in seconds."""
    await servers.dns.reset()

    async def run():
        return len(await function())

    report = await watch(run)
    heard = [entry["at"] for entry in await servers.dns.log()]
    print(f"{function.__name__}: {report.value} names in {report.seconds:.2f} s")
    return [when - heard[0] for when in heard]


asked = {function.__name__: await lookups(function) for function in (in_threads, by_aiodns)}

# %%
predict(about="names-in-threads")

# %% jupyter={"source_hidden": true}
def questions_over_time(asked):
    """How many names the server had been asked for, over time."""
    figure, axes = plt.subplots(figsize=(8, 2.6))
    for style, (name, times) in zip(("k--", "k-"), asked.items(), strict=True):
        counts = range(1, len(times) + 1)
        axes.step([*times, 1.3], [*counts, len(times)], style, where="post", label=name)
    axes.set(xlabel="seconds", ylabel="names asked for", xlim=(-0.03, 1.3))
    axes.legend(loc="lower right")
    words = [f"{name} all {len(times)} after {times[-1]:.2f} s" for name, times in asked.items()]
    show(figure, f"How many names the server had been asked for: {'; '.join(words)}.")


questions_over_time(asked)

# %% [markdown]
# Neither holds the loop. But aiodns needs no thread of the pool, so **the pool** stays free. Where the
# dashed line is flat, all threads of the pool are waiting. During that time everything else that you send to
# `asyncio.to_thread` waits in the queue. And when *your* calls fill the pool, each new connection
# waits for its lookup.
#
# If aiodns is installed, aiohttp uses it by default. (`AsyncResolver` means aiodns, `ThreadedResolver`
# means the pool.)

# %%
aiohttp.resolver.DefaultResolver.__name__

# %% [markdown]
# ## 7 · So which one?
#
# This is what the catalog of the course knows about five libraries, with the day on which we looked
# (httpx2 is the successor of httpx):

# %%
for name in ("aiohttp", "httpx", "httpx2", "websockets", "aiodns"):
    card = catalog.find(name)
    print(f"{name:11} {card.purpose}")
    print(f"{'':11} {card.status} (seen {card.seen})\n")

# %% [markdown]
# In a Discord bot, use aiohttp in most cases: you have it already, because discord.py is built on it,
# and it does HTTP and WebSockets. If you share code with a program that is not async, take httpx2.
# Old code may keep httpx, whose names are the same.

# %% [markdown]
# ## In your bot
#
# **Search for** sessions that are made in commands, and for calls that block:
#
# ```
# grep -rnE "ClientSession\(|AsyncClient\(" --include="*.py" .
# grep -rnE "httpx\.(get|post)|requests\.(get|post)|websocket\.create_connection" --include="*.py" .
# ```
#
# **Before and after**
#
# ```python
# @bot.command()
# async def dog(ctx):                                              # before
#     async with aiohttp.ClientSession() as session:
#         async with session.get(URL) as page:
#             await ctx.send((await page.json())["message"])
#
# @bot.command()
# async def dog(ctx):                                              # after
#     async with bot.session.get(URL) as page:
#         await ctx.send((await page.json())["message"])
# ```
#
# **One change for tonight**: give the bot a session in `setup_hook`, with a limit and a timeout
# that you chose: `aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=10),
# timeout=aiohttp.ClientTimeout(total=10))`.

# %% [markdown]
# ## In practice
#
# <details><summary>The fine print, with sources</summary>
#
# - **A session belongs to a loop.** Make it inside a coroutine (`setup_hook` is one), not at the top
#   of the file, where no loop runs yet.
# - **aiohttp's limits** are 100 connections per session, no limit per host (`limit_per_host`), and a
#   `total` timeout of 5 minutes, which includes the wait for a connection (aiohttp issue #1463).
#   httpx has 100 connections, and 5 s for each phase; the wait for a connection is one of them.
# - **Retry-After** may be a date as well as a number of seconds (RFC 9110, 10.2.3). Discord's
#   header has whole seconds; the exact number, with a fraction, is `retry_after` in the body.
# - **After 10,000 refusals in 10 minutes** (401, 403 and 429 together) Discord bans an address for a
#   time: its developer documentation, *Rate Limits*, "Invalid Request Limit".
# - **httpx** is at 0.28.1 since December 2024. Its issues were closed in February 2026, and
#   projects moved to httpx2 (pagerduty/python-pagerduty #89, apify/crawlee-python #2182).
# - **Building a client** holds the loop in httpx (encode/httpx #3627), and in httpx2 on a Linux whose
#   OpenSSL has all certificates in one file. On Windows and macOS httpx2 does not load them.
# - **aiodns**: `query` and `gethostbyname` are deprecated; use `query_dns` and
#   `getaddrinfo`. It uses a thread of its own; only where that cannot start, it needs the selector
#   event loop on Windows.
#
# </details>

# %% [markdown]
# ## You have seen
#
# - An async library can have calls that block: `httpx.get` does, and so does a constructor that loads
#   files. So measure, and make each client once.
# - One session keeps a limited number of connections. The other requests wait in a queue, and the
#   timeout counts that time too.
# - A 429 tells you when to come back. Try again when the server has trouble, not when your request
#   is wrong.
#
# **Next**: the lab, where the server counts your connections and refuses some requests. Then unit 08
# is about the database, for which every bot waits, too.
