# The lesson of unit 07. Every figure in the text is either measured by the cell above it, or cited
# under "In practice". `build` makes notebooks/07_network.ipynb of this file.

# %% [markdown]
# # 07 · Ask the network without holding your breath
#
# *Which network client, and how?*
#
# **You will** send a crowd of people to `!dog`, through four clients, and count what the server at
# the other end sees; then write the smallest client that a gateway takes for a bot.
#
# **You learn**
# - which calls of an async library hold the loop, by measuring them;
# - what one session for the whole bot is good for, how many requests it sends at the same time, and
#   when its timeout starts to count;
# - how to be told "later", and come back neither early nor late;
# - what a gateway client owes its gateway: heartbeats, ACKs, RESUME;
# - who looks up names, and what that costs.
#
# **You need** tasks and `gather` (02), threads and the default pool (05), a timeout (06). No
# Discord account and no internet: nothing leaves this machine. The lesson takes 25 to 40 minutes,
# the lab after it 30 to 45.

# %%
import asyncio
import time
from dataclasses import dataclass, field

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
recall("?", about="who-else-is-in-the-pool")

# %%
recall("?", about="when-a-task-begins")

# %% [markdown]
# ## 1 · Three people, four clients
#
# `!dog` sends the picture of a dog. It asks a web page which one, and tonight the page takes 0.3 s.
# Here is the command as three libraries would have it. Two of them call themselves async.

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
# And here is a crowd: so many people who use a command in the same moment. `watch` runs it on a
# loop of its own, as ever, and draws what held that loop.

# %%
def crowd(command, people):
    """A coroutine function in which so many people use `command` at once."""

    async def evening():
        return await asyncio.gather(*(command() for _ in range(people)))

    return evening


def judge(report):
    """The picture of a run, and what a grader would say of it."""
    try:
        display(report.responsive(0.1))
    except Exception as complaint:  # the picture is shown before the check complains
        print(complaint)

# %% [markdown]
# You know `requests` from unit 03. But httpx is an async library, says its first page.
#
# > **Predict.** ada, bo and cy use `dog_httpx` in the same moment. For how long does the loop stand
# > still?

# %%
predict("?", about="two-halves")

# %% experiment="two-halves"
judge(await watch(crowd(dog_httpx, 3)))

# %%
predict(about="two-halves")

# %% [markdown]
# One hatched bar, as long as all three calls together: between two calls the loop never came to look
# at its sockets. (Three tasks made this block, so it is in the lane *event loop*.) httpx has two
# halves. `httpx.get` is the one that waits inside the call, just as `requests.get` does; to be fair,
# there is no `await` in that line. Now the same three people and aiohttp:

# %%
judge(await watch(crowd(dog_aiohttp, 3)))

# %% [markdown]
# The three lanes wait side by side. The other half of httpx, the one for bots, is the
# `AsyncClient`. So that makes four clients:

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
    """One row a client: how long the people waited, and how long the loop stood still in it."""
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
    axes.set(xlabel="seconds: light, until everybody had a dog; hatched, longest block of the loop")
    show(figure, f"Until everybody had a dog: {'; '.join(reversed(words))}.")


bars(runs)

# %% [markdown]
# The upper two make people wait three times as long, and hold the loop all the while (the dotted
# line is our limit, 100 ms). The lower two let go of it.
#
# But look at the third row again. An async client with every `await` in its place, and the loop
# stood still for some time all the same. What is that?

# %% [markdown]
# ## 2 · A client each
#
# ada, bo and cy each made a client of their own. Let us look at the making alone, without any
# request.
#
# > **Predict.** Ten people in the same moment, and for each an `httpx.AsyncClient()` is made. What
# > does the loop feel?

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
# To be ready for `https`, the constructor loads the certificates of all authorities that there
# are. It does so on the spot, and for each client anew. There is no `await` in a constructor, so
# nobody else runs meanwhile. **An async library is not a promise that every line of it is quick**:
# that is why this course measures.
#
# The cure costs nothing. Make *one* client when the bot starts, and keep it. (Or make one SSL
# context, and hand it to every client: `httpx.AsyncClient(verify=context)`.)
#
# aiohttp has no such bump. So is a session for each command all right with aiohttp? Let 20 people
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
# > **Predict.** How many connections does the server count for the 20 requests of each?

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
    """Which connection each request came on: own sessions climb, a shared one stays below."""
    figure, axes = plt.subplots(figsize=(8, 2.8))
    for mark, (name, numbers) in zip("xo", seen.items(), strict=True):
        axes.plot(range(1, len(numbers) + 1), numbers, mark, color="black", label=name)
    axes.set(xlabel="request", ylabel="connection", xticks=(1, 5, 10, 15, 20), yticks=(1, 10, 20))
    axes.legend()
    words = [f"{name} {len(set(ids))} for {len(ids)} requests" for name, ids in seen.items()]
    show(figure, f"How many connections were used: {'; '.join(words)}.")


stairs(seen)

# %% [markdown]
# Crosses climb, circles stay on the ground. On this machine a connection is cheap; on the way to
# another continent each one costs a journey there and back, and a second one for `https`, before
# the first byte of your question is sent.
#
# A session is not a request. It is the **drawer where connections wait for the next request**, and
# whoever throws it away after each command has no drawer. One session for the bot:
#
# ```python
# class Bot(commands.Bot):
#     async def setup_hook(self):
#         self.session = aiohttp.ClientSession()
#
#     async def close(self):
#         await self.session.close()
#         await super().close()
# ```

# %% [markdown]
# ## 3 · Everybody at once
#
# The drawer has a size. Say that a bot makes 300 requests at the same time, all through one session,
# and each takes the server 0.5 s.
#
# > **Predict.** How long until the last request has its answer?

# %%
predict("?", about="three-waves")

# %% experiment="three-waves"
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
predict(about="three-waves")

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
# Three waves. The session opens 100 connections and no more; a request that comes later waits for a
# free one. That is kind to the other side, and to your own machine. Be kinder still: a small server
# likes 5 better than 100. Then `gather` may be as long as it likes.

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
# answers each request in 0.6 s. We want answers in time, or none: a timeout of 0.9 s.
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
# limit only the silence of the server, use `aiohttp.ClientTimeout(sock_read=0.9)`.)

# %% [markdown]
# ## 4 · "Come back later"
#
# bo has built a wall of fame: `!fame` posts lines to a web service, which takes **three requests in
# 0.6 s**. What is more it refuses with status **429**, and says in a header how many seconds to
# stay away: `Retry-After`. Here is a command with a strong will:

# %%
LINES = [f"ada rolls {number}" for number in range(7)]


async def stubborn():
    async with aiohttp.ClientSession() as session:
        for line in LINES:
            while True:
                async with session.post(SERVER + "/fame", json={"line": line}) as reply:
                    if reply.status != 429:
                        break
                await asyncio.sleep(0.05)  # and once more

# %% [markdown]
# Seven lines, three at a time: whoever waits well is refused twice, at the fourth line and at the
# seventh.
#
# > **Predict.** How often is this one refused?

# %%
predict("?", about="strong-will")

# %% experiment="strong-will"
async def fame(command):
    """Run a command against the wall of fame; what the wall saw."""
    await servers.http.reset()
    await servers.http.plan(path="/fame", limit=3, window=0.6)
    await watch(command)
    return await servers.http.log()


walls = {"stubborn": await fame(stubborn)}
print(sum(entry["status"] == 429 for entry in walls["stubborn"]), "times refused")

# %%
predict(about="strong-will")

# %% [markdown]
# The patient one reads what it was told:

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
    """Each request as the server saw it: a circle was taken, a cross was refused."""
    figure, axes = plt.subplots(figsize=(8, 1.9))
    words = []
    for row, (name, entries) in enumerate(reversed(walls.items())):
        for mark, refused, place in (("o", False, row + 0.15), ("x", True, row - 0.15)):
            times = [e["at"] - entries[0]["at"] for e in entries if (e["status"] == 429) is refused]
            axes.plot(times, [place] * len(times), mark, color="black", markersize=7)
            words.append(f"{name} {len(times)} {'refused' if refused else 'taken'}")
    axes.set_yticks(range(len(walls)), reversed(walls))
    axes.set(xlabel="seconds (circle: taken, cross: refused)", ylim=(-0.6, len(walls) - 0.4))
    show(figure, f"Requests over time, as the server saw them: {', '.join(words)}.")


on_the_wall(walls)

# %% [markdown]
# Both are done at the same time. But the row of crosses is traffic that bought nothing, and servers
# keep books: Discord bans an address for a while that collects 10,000 refusals in ten minutes.
# discord.py does the waiting for you where it talks to Discord. For every other service, you do.
#
# Note what else `patient` gets right: it waits with `await`, so the bot lives on; it sends *the
# same line* again, so nothing is lost; and it does not send the next one meanwhile, so the order
# is kept.

# %% [markdown]
# ## 5 · A line that stays open
#
# HTTP is a question and an answer. A **WebSocket** is a line on which both sides may speak at any
# time, and the gateway is one. For libraries it is the old story: a blocking half, and one for us.

# %%
await catalog.compare("websockets")

# %% [markdown]
# (This is a page of the course's catalog, `catalog.compare`: a library, and below it its blocking
# twin, at the same work. There is one for each library of this unit.)
#
# Now let us build what discord.py has inside: the smallest client that a gateway takes for a bot.
# First, what it must remember, and its two ways to say hello. Both sides send *payloads*, which are
# JSON; the number `op` in a payload says what kind it is.

# %%
INTENTS = 1 + 512 + 32768  # what to hear of: servers, messages in them, and the text of these


@dataclass  # writes an `__init__` that takes and keeps the fields below
class Me:
    """What a client remembers, from one connection to the next."""

    token: str
    session: str = ""  # the name of the session, from READY
    sequence: int | None = None  # the number of the last event
    heard: list = field(default_factory=list)  # a new, empty list for each client


def identify(me):
    """Op 2: a new session."""
    return {"op": 2, "d": {"token": me.token, "intents": INTENTS, "properties": {}}}


def resume(me):
    """Op 6: the old session; this is the last event that I have."""
    return {"op": 6, "d": {"token": me.token, "session_id": me.session, "seq": me.sequence}}

# %% [markdown]
# Then what it does with a payload. `op` says what it is: 0 is an event, with its name in `t` and
# its number in `s`. The one command takes 0.7 s, of honest waiting: `await asyncio.sleep`.

# %%
async def take(ws, me, payload):
    """Handle one payload of the gateway."""
    if payload["op"] != 0:
        return
    me.sequence = payload["s"]
    if payload["t"] == "READY":
        me.session = payload["d"]["session_id"]
    if payload["t"] == "MESSAGE_CREATE":
        text = payload["d"]["content"]
        me.heard.append(text)
        if text == "!recap":
            await asyncio.sleep(0.7)  # read the day's messages
        if text == "!goodnight":
            await ws.close()

# %% [markdown]
# And the conversation. This version does one thing after the other: it listens until the next
# heartbeat is due, takes what comes, and beats when nothing came.

# %%
async def one_after_the_other(ws, me, interval):
    due = time.monotonic()
    while True:
        try:
            frame = await ws.receive(timeout=max(0.001, due - time.monotonic()))
        except TimeoutError:
            await ws.send_json({"op": 1, "d": me.sequence})
            due += interval
            continue
        if frame.type is not aiohttp.WSMsgType.TEXT:  # no text: the connection was closed
            return
        await take(ws, me, frame.json())

# %% [markdown]
# The folded cells open a gateway, let the client connect, let people talk, and print what the
# gateway saw.

# %% jupyter={"source_hidden": true}
async def connected(me, url, talk, hello=identify):
    """Connect, hear HELLO, say hello, and `talk` until the line is closed."""
    async with aiohttp.ClientSession() as web, web.ws_connect(url) as ws:
        interval = (await ws.receive_json())["d"]["heartbeat_interval"] / 1000
        await ws.send_json(hello(me))
        await talk(ws, me, interval)


async def evening(talk, *chat, acks=True):
    """One evening of a client in #general; `chat` lists (seconds after the line before, line)."""
    gw = await servers.gateway(heartbeat=0.2, grace=2)
    await gw.faults(acks=acks)

    async def client_life():
        await connected(Me(gw.token), gw.ws_url, talk)

    async def people():
        await gw.until(ready=1)
        for pause, line in chat:
            await asyncio.sleep(pause)
            await gw.say(line)

    report, _ = await asyncio.gather(watch(client_life), people())
    return gw, report

# %% jupyter={"source_hidden": true}
SAYS = {
    "identify": "client   here I am (IDENTIFY)",
    "ready": "gateway  welcome (READY)",
    "say": "{author:8} {content}",
    "killed": "gateway  hangs up with {code}: no heartbeat for {gap:.2f} s",
    "resumed": "client   is back (RESUME); the gateway replays {replayed} event(s)",
    "closed": "{by:8} closes the line",
}


def tell(gw):
    """Print what the gateway saw: one line an event, one heart a heartbeat."""
    hearts = ""
    for event in [*gw.log, {"event": "end"}]:
        hearts += "♥ " * (event["event"] == "heartbeat")
        if hearts and event["event"] in {*SAYS, "end"}:
            print(f"{'':11}client   {hearts}")
            hearts = ""
        if event["event"] in SAYS:
            print(f"{event['t']:7.2f} s  {SAYS[event['event']].format(**event)}")

# %% [markdown]
# ada asks for a recap. The loop is free all the time: there is not one blocking call in this
# client.
#
# > **Predict.** What does the gateway do?

# %%
predict("?", about="free-and-dead")

# %% experiment="free-and-dead"
gw, report = await evening(one_after_the_other, (0.3, "!recap"), (1.0, "!goodnight"))
tell(gw)
print("The longest block of the loop:", f"{report.longest_block * 1000:.0f} ms")

# %%
predict(about="free-and-dead")

# %% [markdown]
# **A free loop is not enough.** The loop would have sent a heartbeat at any time, but nobody asked
# it to: the one coroutine that could was waiting for its command. A heart needs a task of its own,
# and so does every command, or the line is not read meanwhile.

# %%
async def heart(ws, me, interval):
    """Beat, for as long as the line is open."""
    while not ws.closed:
        await ws.send_json({"op": 1, "d": me.sequence})
        await asyncio.sleep(interval)


async def side_by_side(ws, me, interval):
    """The heart in a task of its own, and each payload too."""
    beating = asyncio.create_task(heart(ws, me, interval))
    async with asyncio.TaskGroup() as commands:
        async for frame in ws:
            commands.create_task(take(ws, me, frame.json()))
    beating.cancel()

# %%
gw, report = await evening(side_by_side, (0.3, "!recap"), (1.0, "!goodnight"))
tell(gw)

# %% [markdown]
# It lives. Two things are missing that Discord asks of every client.
#
# **Jitter.** When a gateway restarts, ten thousand bots come back in the same second. If all of
# them beat at once, and then every 41 seconds, their hearts beat together for ever, ten thousand in
# one blow. So the *first* heartbeat is to come after a **random part of the interval**:
# `interval * random.random()`. Then they are spread out, and stay so.
#
# **The ACK.** The gateway answers each heartbeat, with op 11. What if it does not?
#
# > **Predict.** This evening the gateway takes heartbeats, and never acknowledges one. What does
# > our client notice?

# %%
predict("?", about="no-ack")

# %% experiment="no-ack"
gw, report = await evening(side_by_side, (1.3, "!goodnight"), acks=False)
tell(gw)

# %%
predict(about="no-ack")

# %% [markdown]
# It notices nothing. A cable was pulled somewhere, a router forgot the line, the server behind it
# hangs; and the client writes heartbeats into the void, for minutes, until the operating system
# gives up. Such a line is called a **zombie**. The cure is one look: *before each heartbeat, has the
# last one been acknowledged?* If not, close the line yourself, and come back with RESUME. (Close
# it with a code like 4000. 1000 and 1001 mean "I am leaving", and then the session is gone.)
#
# You will write both in the lab. RESUME, too; here is what it does. The client below loses its line
# in the middle of the evening, and people go on talking.

# %%
async def cut_off(older):
    """A client that loses its line and RESUMEs, with a number that is `older` than its last."""
    gw = await servers.gateway(heartbeat=0.2, grace=2)
    me = Me(gw.token)

    async def client_life():
        await connected(me, gw.ws_url, side_by_side)
        await asyncio.sleep(0.2)  # ada and bo go on talking
        me.sequence -= older
        await connected(me, gw.ws_url, side_by_side, resume)

    async def people():
        await gw.until(ready=1)
        for line in ("one", "two"):
            await gw.say(line)
        await asyncio.sleep(0.2)
        await gw.drop()
        for line in ("three", "four", "!goodnight"):
            await gw.say(line)

    await asyncio.gather(watch(client_life), people())
    return me.heard

# %%
print(await cut_off(older=0))

# %% [markdown]
# Nothing lost. The client names the number of the last event that it has, and the gateway replays
# what came after it. Now let the client be careless with that number.
#
# > **Predict.** It RESUMEs with a number that is too small by two. What does it hear?

# %%
predict("?", about="old-number")

# %% experiment="old-number"
print(await cut_off(older=2))

# %%
predict(about="old-number")

# %% [markdown]
# "two" and "one" were handled a second time. In a chat that is a nuisance; when the command was
# `!buy`, it is somebody's money. So: note the number of *every* event, not only of those you use;
# and an event whose number is not greater than your last one you have had already.

# %% [markdown]
# ## 6 · Who looks up the name?
#
# `http://127.0.0.1` needs no name. `discord.com` does: before the first connection somebody must ask
# a name server for its address. `socket.getaddrinfo` does that, and blocks. So asyncio never calls
# it on the loop: `loop.getaddrinfo` sends it to the default pool of threads (unit 05).
#
# We cannot send `getaddrinfo` to our own slow name server, as it asks the one of your system. Its
# stand-in here is the same kind of call, from the library dnspython: ask, block, answer.

# %%
import concurrent.futures

import aiodns
import dns.resolver

blocking = dns.resolver.Resolver(configure=False)
blocking.nameservers, blocking.port = [servers.dns.host], servers.dns.port
THREADS = concurrent.futures.ThreadPoolExecutor()._max_workers  # of the default pool
NAMES = [f"shard{n}-300ms.bot.test" for n in range(4 * THREADS)]  # each takes 0.3 s
print(f"{THREADS} threads, {len(NAMES)} names")

# %%
async def in_threads():
    """As `loop.getaddrinfo` does it."""
    return await asyncio.gather(*(asyncio.to_thread(blocking.resolve, n, "A") for n in NAMES))


async def by_aiodns():
    """c-ares asks for all names over one socket, which the loop watches."""
    async with aiodns.DNSResolver(nameservers=[servers.dns.address]) as resolver:
        return await asyncio.gather(*(resolver.query_dns(n, "A") for n in NAMES))

# %% [markdown]
# There are four times as many names as threads, and each name takes 0.3 s.
#
# > **Predict.** How long do the threads need for all of them?

# %%
predict("?", about="names-in-threads")

# %% experiment="names-in-threads"
async def lookups(function):
    """When the name server heard each question, in seconds; and the report."""
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
    """How many names the server had been asked for: threads climb in steps, aiodns at once."""
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
# Neither holds the loop. So what does aiodns win? Not the loop: **the pool**. The steps of the
# dashed line are threads that wait, and while they do, everything else that you send to
# `asyncio.to_thread` stands in line behind them; and when *your* calls fill the pool, connections
# to new names stand in line behind those.
#
# Where aiodns is installed, aiohttp uses it without being asked:

# %%
aiohttp.resolver.DefaultResolver.__name__

# %% [markdown]
# ## 7 · So which one?
#
# What the catalog of the course knows about them, with the day it was looked at:

# %%
for name in ("aiohttp", "httpx", "httpx2", "websockets", "aiodns"):
    card = catalog.find(name)
    print(f"{name:11} {card.purpose}")
    print(f"{'':11} {card.status} (seen {card.seen})\n")

# %% [markdown]
# In a Discord bot the answer is mostly aiohttp: you have it already, discord.py is built on it, and
# it does HTTP and WebSockets. httpx is the choice where code is shared with a program that is not
# async; new code takes its successor, httpx2, with the same names.

# %% [markdown]
# ## In your bot
#
# **Search for** sessions that are born in commands, and for the blocking half:
#
# ```
# grep -rnE "ClientSession\(|AsyncClient\(" --include=*.py .
# grep -rnE "httpx\.(get|post)|requests\.(get|post)|websocket\.create_connection" --include=*.py .
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
# - **aiohttp's limits** are 100 connections a session, no limit a host (`limit_per_host`), and a
#   `total` timeout of 5 minutes, from the wait for a connection on (aiohttp issue #1463). httpx has
#   100 connections, and 5 s for each phase, the wait for a connection among them.
# - **Retry-After** may be a date as well as a number of seconds (RFC 9110, 10.2.3). Discord sends
#   seconds, with a fraction, and says so in the body too.
# - **10,000 refusals in 10 minutes** (401, 403 and 429 together) and Discord's edge bans an address
#   for a time: its developer documentation, *Rate Limits*, "Invalid Request Limit".
# - **The gateway client** follows Discord's documentation, *Gateway*: HELLO, jitter, ACK, RESUME to
#   `resume_gateway_url`, closing a zombie with anything but 1000 and 1001. discord.py 2.7 and
#   hikari 2.7 beat at once, without jitter. discord.py takes a line for dead when *nothing* has
#   come for 60 s; hikari, when an ACK is missing.
# - **httpx** is at 0.28.1 since December 2024. Its issues were closed in February 2026, and
#   projects moved to httpx2 (pagerduty/python-pagerduty #88, apify/crawlee-python #2182).
# - **Building a client** holds the loop in httpx and httpx2 alike: encode/httpx #3627.
# - **aiodns**: `query` and `gethostbyname` are deprecated, `query_dns` is what to use. On Windows it
#   wants the selector event loop, or its own event thread.
#
# </details>

# %% [markdown]
# ## You have seen
#
# - "Async library" says which calls *can* be awaited. `httpx.get` cannot, and a constructor never:
#   measure, and make clients once.
# - One session is a drawer of connections. It has a size, the rest waits in line, and the timeout's
#   clock runs in the line too.
# - A 429 is an appointment. A heart needs its own task, an ACK wants to be missed, and a number
#   makes sure that nothing is handled twice.
#
# **Next**: the lab, where the server counts your connections, refuses you, falls silent and drops
# the line. Then unit 08: the other thing that every bot waits for, its database.
