# The lesson of unit 13. Every figure in the text is either measured by the cell above it, or cited
# under "In practice". `build` makes notebooks/13_by_hand.ipynb of this file.

# %% [markdown]
# # 13 · Build the smallest gateway client
#
# *What does discord.py do for me?*
#
# **You will** read and run a client of fifty lines that the gateway accepts as a bot, and then leave out
# four of its five duties, one at a time. (You write its parts in the lab.)
#
# **You learn**
# - the five duties of a gateway client, and what the gateway sees when one of them is missing;
# - when exactly the gateway closes the connection of a blocked bot;
# - where to find each duty in the source of discord.py.
#
# **You need** tasks (02), the heartbeat (03), a TaskGroup (06) and one client session (07). This
# unit is optional: none of its points are core points. No Discord account and no internet: nothing
# leaves this machine.

# %%
import asyncio
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import aiohttp

from autograder import predict, recall, show, watch, world

servers = await world.start()

# %% [markdown]
# First, three questions, from units 12, 09 and 06. Skip those that you have not read.

# %%
recall("?", about="once-and-for-all")

# %%
recall("?", about="workers-at-shutdown")

# %%
recall("?", about="who-holds-a-task")

# %% [markdown]
# ## 1 · A client in fifty lines
#
# The gateway is a **WebSocket**: a connection on which both sides may send at any time. They send
# *payloads*, which are JSON. The number `op` says what kind of payload it is, and `d` holds its data.
#
# First, what a client must remember, and the two messages with which it can begin:

# %%
INTENTS = 1 + 512 + 32768  # which events to send: servers, messages in them, and the messages' text


@dataclass  # writes an `__init__` that takes and keeps the fields below
class Me:
    """What a client remembers, from one connection to the next."""

    token: str
    session: str = ""  # the session's name, from READY, the gateway's welcome
    sequence: int | None = None  # the number of the last event
    acked: bool = True  # has the last heartbeat been acknowledged?
    done: bool = False  # has `!goodnight` come?
    heard: list = field(default_factory=list)  # a new, empty list for each client


def identify(me):
    """Op 2: begin a new session."""
    return {"op": 2, "d": {"token": me.token, "intents": INTENTS, "properties": {}}}


def resume(me):
    """Op 6: continue the old session after this event."""
    return {"op": 6, "d": {"token": me.token, "session_id": me.session, "seq": me.sequence}}

# %% [markdown]
# Then what it does with a payload. Op 0 is an event: its name is in `t`, its number in `s`. Our bot has
# one command, `!recap`. It takes 0.7 s, and all of that time it waits in an `await`.

# %%
async def take(ws, me, payload):
    """Handle one payload of the gateway."""
    if payload["op"] != 0:
        return
    me.sequence = max(payload["s"], me.sequence or 0)
    if payload["t"] == "READY":
        me.session = payload["d"]["session_id"]
    if payload["t"] == "MESSAGE_CREATE":
        text = payload["d"]["content"]
        me.heard.append(text)
        if text == "!recap":
            await asyncio.sleep(0.7)  # read the day's messages
        if text == "!goodnight":
            me.done = True
            await ws.close()

# %% [markdown]
# And the conversation. This version does one thing after the other. It listens until the next
# heartbeat is due, handles what arrives, and sends the heartbeat when nothing arrived.

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
# The folded cells open a gateway, let the client connect, let people write, and print what the
# gateway saw. This gateway wants a heartbeat every **0.2 s**, and closes the connection after
# **0.4 s** without one.

# %% jupyter={"source_hidden": true}
async def connected(me, url, talk, first=identify):
    """Connect, hear HELLO (op 10), begin, and `talk` until the connection is closed."""
    async with aiohttp.ClientSession() as web, web.ws_connect(url) as ws:
        interval = (await ws.receive_json())["d"]["heartbeat_interval"] / 1000
        await ws.send_json(first(me))
        await talk(ws, me, interval)


async def evening(talk, *chat, acks=True):
    """One evening in #general; `chat` has pairs (seconds after the message before, message)."""
    gw = await servers.gateway(heartbeat=0.2, grace=2)
    await gw.faults(acks=acks)

    async def client_life():
        await connected(Me(gw.token), gw.ws_url, talk)

    async def people():
        await gw.until(ready=1)
        for pause, message in chat:
            await asyncio.sleep(pause)
            await gw.say(message)

    report, _ = await asyncio.gather(watch(client_life), people())
    return gw, report

# %% jupyter={"source_hidden": true}
SAYS = {
    "identify": "client   here I am (IDENTIFY)",
    "ready": "gateway  welcome (READY)",
    "say": "{author:8} {content}",
    "killed": "gateway  hangs up with {code}: no heartbeat for {gap:.2f} s",
    "resumed": "client   is back (RESUME); the gateway replays {replayed} event(s)",
    "closed": "{by:8} closes the connection",
}


def tell(gw):
    """Print what the gateway saw: one line per event, one heart per heartbeat."""
    hearts = ""
    for event in [*gw.log, {"event": "end"}]:
        hearts += "♥ " * (event["event"] == "heartbeat")
        if hearts and event["event"] in {*SAYS, "end"}:
            print(f"{'':11}client   {hearts}")
            hearts = ""
        if event["event"] in SAYS:
            print(f"{event['t']:7.2f} s  {SAYS[event['event']].format(**event)}")

# %% [markdown]
# ada asks for a recap. The loop is free all the time: this client has no blocking call.
#
# > **Predict.** What does the gateway do?

# %%
predict("?", about="one-recap")

# %% experiment="one-recap"
gw, report = await evening(one_after_the_other, (0.3, "!recap"), (1.0, "!goodnight"))
tell(gw)
print("The longest block of the loop:", f"{report.longest_block * 1000:.0f} ms")

# %%
predict(about="one-recap")

# %% [markdown]
# **A free loop is not enough.** The loop could have sent a heartbeat at any time, but no task asked
# it to. The one coroutine that sends heartbeats was waiting for its command.

# %% [markdown]
# ## 2 · The heartbeat
#
# So the heartbeat needs a task of its own. Each command needs one too, or the client reads nothing
# while a command runs.

# %%
async def heart(ws, me, interval, first=0.0):
    """Beat while the connection is open; the first beat comes after `first` seconds."""
    await asyncio.sleep(first)
    with suppress(ConnectionError):  # the connection may close just before a beat
        while not ws.closed:
            await ws.send_json({"op": 1, "d": me.sequence})
            await asyncio.sleep(interval)


async def side_by_side(ws, me, interval):
    """The heartbeat in a task of its own, and each payload too."""
    beating = asyncio.create_task(heart(ws, me, interval))
    async with asyncio.TaskGroup() as commands:
        async for frame in ws:
            commands.create_task(take(ws, me, frame.json()))
    beating.cancel()

# %%
gw, report = await evening(side_by_side, (0.3, "!recap"), (1.0, "!goodnight"))
tell(gw)
if gw.kills:
    print("Other programs took this client's time. Run the cell again.")

# %% [markdown]
# The client stays connected. But what happens when many clients do this at the same time? When a
# gateway restarts, all its bots come back in the same second. Here are forty of them, and a gateway
# that wants a heartbeat every second.

# %%
async def forty(jitter):
    """Forty clients connect at the same time and stay for two beats; what the gateway saw."""
    gw = await servers.gateway(heartbeat=1.0, grace=3)

    async def talk(ws, me, interval):
        beating = asyncio.create_task(heart(ws, me, interval, interval * jitter()))
        async for _ in ws:
            pass
        beating.cancel()

    async def crowd():
        names = (f"{gw.token}.bot{number}" for number in range(40))
        await asyncio.gather(*(connected(Me(name), gw.ws_url, talk) for name in names))

    async def end():
        await gw.until(beats=80)
        await gw.drop(4000)

    await asyncio.gather(watch(crowd), end())
    return gw.log

# %%
def second_beats(log):
    """When the second beat of each client arrived, in seconds after the first connection."""
    start = min(event["at"] for event in log if event["event"] == "identify")
    beats = {}
    for event in log:
        if event["event"] == "heartbeat":
            beats.setdefault(event["bot"], []).append(event["at"] - start)
    return sorted(times[1] for times in beats.values() if len(times) > 1)


def fullest(times, width=0.2):
    """The most moments that fall into one window of this width."""
    return max(sum(first <= one < first + width for one in times) for first in times)

# %% [markdown]
# At first, each client sends its first heartbeat immediately, and then one per second. We look at
# the second beat of each client.
#
# > **Predict.** How many of these forty beats arrive within one fifth of a second?

# %%
predict("?", about="second-beats")

# %% experiment="second-beats"
logs = {"at once": await forty(lambda: 0.0), "random first beat": await forty(random.random)}
rounds = {name: second_beats(log) for name, log in logs.items()}
for name, times in rounds.items():
    print(f"{name}: {fullest(times)} of {len(times)} beats within 0.2 s")
spread = rounds["at once"][-1] - rounds["at once"][0]
if spread > 0.2:
    print(f"(Other programs took this machine's time: the beats of `at once` took {spread:.2f} s.)")

# %%
predict(about="second-beats")

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt


def rounds_chart(rounds):
    """One row of marks per crowd: when the second beat of each client arrived."""
    figure, axes = plt.subplots(figsize=(8, 1.8))
    rows = list(reversed(rounds.items()))
    axes.eventplot([times for _, times in rows], color="black", linelengths=0.6)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.set(xlabel="seconds after the first connection", xlim=(0.8, 2.4))
    words = [f"{name}: from {times[0]:.2f} to {times[-1]:.2f} s" for name, times in rounds.items()]
    show(figure, f"The second heartbeat of forty clients. {'; '.join(words)}.")


rounds_chart(rounds)

# %% [markdown]
# In the upper row the forty beats arrive together, and they will do so every second, as long as the
# gateway runs. With ten thousand bots that is a load of ten thousand payloads at one moment.
#
# In the lower row, each client waited for a **random part of the interval** before its first beat:
# `interval * random.random()`. This is called **jitter**. Now the beats are spread over the whole
# second, and they stay so. (A fifth of them would be 8. Random numbers are never spread evenly, so the
# fullest fifth has more, usually about 13.)
#
# ### How long may a block be?
#
# Unit 03 named three regions: blocks shorter than one heartbeat interval, blocks longer than two, and a
# grey zone between them. Here we count the hang-ups. Our client holds its loop for a given time, eight
# times, at random moments. It sends a heartbeat every 0.1 s, so that we need not wait long.

# %%
async def napping(ws, me, payload):
    """`take`, with one more command: `!nap 0.15` holds the loop for 0.15 s."""
    if payload["t"] == "MESSAGE_CREATE" and payload["d"]["content"].startswith("!nap"):
        time.sleep(float(payload["d"]["content"].split()[1]))
    await take(ws, me, payload)


async def naps(ws, me, interval):
    beating = asyncio.create_task(heart(ws, me, interval))
    async for frame in ws:
        await napping(ws, me, frame.json())
    beating.cancel()

# %%
async def count_hang_ups(seconds, times=8):
    """How many blocks of this length cost the client its connection."""
    gw = await servers.gateway(heartbeat=0.1, grace=2)

    async def client_life():
        for _ in range(times):
            await connected(Me(gw.token), gw.ws_url, naps)

    async def ada():
        for number in range(times):
            await gw.until(ready=number + 1)
            await asyncio.sleep(random.uniform(0.15, 0.25))  # anywhere between two heartbeats
            await gw.say(f"!nap {seconds}")
            await gw.say("!goodnight")

    await asyncio.gather(watch(client_life, timeout=20), ada())
    return gw.kills

# %% [markdown]
# > **Predict.** The loop is held for 0.15 s: longer than one interval, shorter than two. Does the
# > gateway hang up?
#
# Eight tries for each of four lengths take about ten seconds.

# %%
predict("?", about="patience")

# %% experiment="patience"
hang_ups = {seconds: await count_hang_ups(seconds) for seconds in (0.06, 0.15, 0.18, 0.25)}
hang_ups

# %% jupyter={"source_hidden": true}
def share(held, interval=0.1, patience=2):
    """The rule: the silence is the block and, before it, 0 to `interval` since the last beat."""
    return min(1, max(0, held / interval - (patience - 1)))


def patience_chart(hang_ups, tries):
    """The rule as a line, how far so few tries scatter as bars, the counted hang-ups as crosses."""
    figure, axes = plt.subplots(figsize=(8, 3))
    lengths = [step / 1000 for step in range(0, 301)]
    axes.plot(lengths, [share(length) for length in lengths], "k-", label="the rule, computed")
    rule = [share(held) for held in hang_ups]
    scatter = [2 * (part * (1 - part) / tries) ** 0.5 for part in rule]  # two standard deviations
    axes.errorbar(list(hang_ups), rule, scatter, fmt="none", ecolor="0.6", capsize=6, linewidth=2)
    shares = [count / tries for count in hang_ups.values()]
    axes.plot(list(hang_ups), shares, "kX", markersize=9, label=f"your client, {tries} tries each")
    axes.axvspan(0.1, 0.2, facecolor="0.93")
    axes.text(0.198, 0.02, "grey zone", ha="right")
    axes.set(xlabel="seconds that the loop is held", ylabel="share of hang-ups", ylim=(-0.08, 1.12))
    axes.legend(loc="upper left")
    words = [f"{held:g} s: {count} of {tries}" for held, count in hang_ups.items()]
    show(figure, f"Hang-ups by how long the loop was held. {'; '.join(words)}.")


patience_chart(hang_ups, tries=8)

# %%
predict(about="patience")

# %% [markdown]
# These are the three regions. Below one interval: never. Above two intervals: always. Between them is
# the **grey zone**: there it depends on how long ago the last heartbeat was when the block began. The line
# is what you get on average over many tries: `(block - 0.1) / 0.1`. With only eight tries, expect the
# crosses at 0.15 and 0.18 s within their grey bars. (Other programs make the silence longer than the
# block. Then a cross can be higher.)
#
# So a bot that survives may still have blocks. That is why this course does not *only* ask whether the
# bot survived. It also measures how long the loop was held.

# %% [markdown]
# ## 3 · A connection that is dead
#
# The gateway answers each heartbeat with an **ACK**, op 11. What if it does not?
#
# > **Predict.** This evening the gateway takes heartbeats, and never acknowledges one. What does
# > our client notice?

# %%
predict("?", about="no-ack")

# %% experiment="no-ack"
gw, report = await evening(side_by_side, (1.3, "!goodnight"), acks=False)
tell(gw)
if gw.kills:
    print("Other programs took this client's time. Run the cell again.")

# %%
predict(about="no-ack")

# %% [markdown]
# It notices nothing. In real life, a cable is pulled, or a router has forgotten the connection. The
# client goes on sending heartbeats for minutes, until the operating system gives up. If only the
# program on the server hangs, the client goes on forever. Such a connection is called a **zombie**. The
# cure is one check: *before each heartbeat,
# has the last one been acknowledged?* If not, close the connection yourself, and come back with
# RESUME. (Close it with a code like 4000. The codes 1000 and 1001 mean "I am leaving", and then the
# gateway forgets the session.)

# %% [markdown]
# ## 4 · The number of an event
#
# Now the client loses its connection in the middle of the evening, and people go on writing. The
# client comes back with RESUME and names the number of the last event that it has.

# %%
async def cut_off(older):
    """A client that loses its connection and RESUMEs with a number that is `older` than its last."""
    gw = await servers.gateway(heartbeat=0.2, grace=2)
    me = Me(gw.token)

    async def client_life():
        await connected(me, gw.ws_url, side_by_side)
        await asyncio.sleep(0.2)  # ada and bo go on writing
        me.sequence -= older
        await connected(me, gw.ws_url, side_by_side, resume)

    async def people():
        await gw.until(ready=1)
        for message in ("one", "two"):
            await gw.say(message)
        await asyncio.sleep(0.2)
        await gw.drop()
        for message in ("three", "four", "!goodnight"):
            await gw.say(message)

    await asyncio.gather(watch(client_life), people())
    return me.heard

# %%
print(await cut_off(older=0))

# %% [markdown]
# Nothing is lost: the gateway replays every event after that number. Now let the client be careless
# with it.
#
# > **Predict.** It RESUMEs with a number that is too small by two. What does it hear?

# %%
predict("?", about="old-number")

# %% experiment="old-number"
print(await cut_off(older=2))

# %%
predict(about="old-number")

# %% [markdown]
# "one" and "two" were handled a second time. In a chat that is annoying; with `!buy` a person pays
# twice. So note the number of *every* event, not only of those that you use. If the number of an
# event is not greater than your last one, you have already had this event.

# %% [markdown]
# ## 5 · One duty missing
#
# Those are the five duties: a heartbeat beside the commands, jitter, the check for the ACK, RESUME
# after each end, and the number. RESUME stays in every evening; each of the other four duties is left out
# once. Without RESUME the client would be gone after the first hang-up, and there would be nothing to
# compare.
#
# The folded cells have a client with all duties, and five evenings for it. (They also answer the
# exercises of the lab. Read them after it.) The evenings take about twenty seconds together.

# %% jupyter={"source_hidden": true}
async def beat(ws, me, interval, without):
    """The heartbeat with jitter and the check for the ACK."""
    me.acked = True
    await asyncio.sleep(0 if without == "jitter" else interval * random.random())
    with suppress(ConnectionError):
        while not ws.closed and (me.acked or without == "ACK check"):
            me.acked = False
            await ws.send_json({"op": 1, "d": me.sequence})
            await asyncio.sleep(interval)


async def converse(ws, me, interval, without):
    """One connection; `without` names the duty that is left out."""
    beating = asyncio.create_task(beat(ws, me, interval, without))
    listening = asyncio.create_task(listen(ws, me, without))
    await asyncio.wait([beating, listening], return_when=asyncio.FIRST_COMPLETED)
    await ws.close(code=4000)  # does nothing if the connection is closed already
    beating.cancel()
    await listening

# %% jupyter={"source_hidden": true}
async def listen(ws, me, without):
    """Note ACKs and numbers, and start a command for each new event."""
    async with asyncio.TaskGroup() as commands:
        async for frame in ws:
            payload = frame.json()
            me.acked = me.acked or payload["op"] == 11
            if is_new(me, payload) or without == "number":
                commands.create_task(take(ws, me, payload))


def is_new(me, payload):
    """Note the number of an event; False if the client has had it already."""
    new = payload["op"] == 0 and (me.sequence is None or payload["s"] > me.sequence)
    if new:
        me.sequence = payload["s"]
    return new

# %% jupyter={"source_hidden": true}
async def alone(ws, me, interval, without):
    """The same client with the heartbeat and the commands in one coroutine."""
    due, me.acked = time.monotonic() + interval * random.random(), True
    while not ws.closed:
        with suppress(TimeoutError):
            frame = await ws.receive(timeout=max(0.001, due - time.monotonic()))
            if frame.type is aiohttp.WSMsgType.TEXT:
                me.acked = me.acked or frame.json()["op"] == 11
                if is_new(me, frame.json()):
                    await take(ws, me, frame.json())
            continue
        if not me.acked:
            await ws.close(code=4000)
            return
        me.acked, due = False, due + interval
        await ws.send_json({"op": 1, "d": me.sequence})

# %% jupyter={"source_hidden": true}
async def stay(me, url, without):
    """A client that comes back until `!goodnight`."""
    talk = partial(alone if without == "own task" else converse, without=without)
    while not me.done:
        with suppress(ConnectionError):
            await connected(me, url, talk, resume if me.session else identify)


async def hard_evening(without):
    """Two long commands, events that come twice, and a while without ACKs, for ten clients."""
    gw = await servers.gateway(heartbeat=0.3, grace=2)
    clients = [Me(f"{gw.token}.bot{number}") for number in range(10)]

    async def crowd():
        await asyncio.gather(*(stay(me, gw.ws_url, without) for me in clients))

    report, silent = await asyncio.gather(watch(crowd, timeout=15), trouble(gw))
    return figures(gw.log, clients, silent), report.late_by_machine

# %% jupyter={"source_hidden": true}
async def trouble(gw):
    """What happens to the clients; when the gateway sent no ACKs, from and to."""
    await gw.until(ready=10)
    await asyncio.sleep(0.4)
    await gw.say("!recap")
    await gw.say("!recap")
    await asyncio.sleep(1.7)
    await gw.faults(duplicate=1.0)
    await gw.say("!buy a map")
    await asyncio.sleep(0.2)
    start = time.monotonic()
    await gw.faults(acks=False)
    await asyncio.sleep(1.5)
    await gw.faults()
    end = time.monotonic()
    await gw.say("!goodnight")
    return start, end

# %% jupyter={"source_hidden": true}
def figures(log, clients, silent):
    """What the evening cost."""
    start, end = silent
    first, left = {}, {}
    for event in log:
        if event["event"] == "heartbeat":
            first.setdefault(event["bot"], event["gap"])
        if event["event"] == "closed" and start < event["at"] < end:
            left.setdefault(event["bot"], event["at"])
    dead = [left.get(number, end) - start for number in first]
    return {
        "hang-ups": sum(event["event"] == "killed" for event in log),
        "beats together": fullest(list(first.values()), 0.06),
        "s on a dead connection": sum(dead) / len(dead),
        "bought twice": sum(me.heard.count("!buy a map") > 1 for me in clients),
    }

# %%
DUTIES = ("own task", "jitter", "ACK check", "number")
found = [await hard_evening(without) for without in ("", *DUTIES)]
names = ("all duties", *(f"without {duty}" for duty in DUTIES))
evenings = {name: figure for name, (figure, _) in zip(names, found, strict=True)}
if max(late for _, late in found) > 0.1:
    print("Other programs took this machine's time, and some figures are too large.")
    print("Run this cell again when they have ended.")

# %% jupyter={"source_hidden": true}
def duties_chart(evenings):
    """One row per evening, one column per figure."""
    columns = list(next(iter(evenings.values())))
    figure, panels = plt.subplots(1, len(columns), sharey=True, figsize=(9, 2.4))
    for panel, column in zip(panels, columns, strict=True):
        values = [found[column] for found in evenings.values()]
        panel.barh(range(len(values)), values, color="0.6", edgecolor="black")
        for row, value in enumerate(values):
            panel.text(value, row, f" {value:.2g}", va="center")
        panel.set(title=column, xlim=(0, 1.35 * max(*values, 1)), xticks=())
        panel.title.set_size(10)
    panels[0].set_yticks(range(len(evenings)), evenings)
    panels[0].invert_yaxis()
    words = [
        f"{name}: " + ", ".join(f"{column} {found[column]:.2g}" for column in columns)
        for name, found in evenings.items()
    ]
    show(figure, f"Ten clients, five evenings. {'; '.join(words)}.")


duties_chart(evenings)

# %% [markdown]
# Each duty prevents one kind of damage, and no other duty prevents it. *Without own task* the ten
# clients lose their connections in the long commands. *Without jitter* their first beats come
# together. *Without ACK check* they stay on a dead connection until the gateway recovers. *Without
# number* each of them buys a second map.

# %% [markdown]
# ## In your bot
#
# You do not write these lines: discord.py has them. **Search for** them in its source, to see
# how much of this page is there:
#
# ```
# cd $(python -c "import discord, os; print(os.path.dirname(discord.__file__))")
# grep -n "class KeepAliveHandler\|def received_message\|def poll_event\|def resume" gateway.py
# grep -n "async def connect\|ExponentialBackoff\|resume=True" client.py
# ```
#
# | duty | in discord.py 2.7.1 |
# |---|---|
# | heartbeat beside the commands | `gateway.py`, `KeepAliveHandler.run`: a thread that asks the loop to send. Each event handler is a task of its own (`client.py`, `_schedule_event`) |
# | jitter | none: the first heartbeat is sent immediately (`gateway.py`, `received_message`, at `HELLO`) |
# | a dead connection | `gateway.py`, `poll_event`: closes with 4000 when *nothing* has arrived for 60 s (`KeepAliveHandler.run` has the same rule, and looks once per interval) |
# | RESUME | `client.py`, `connect`: again and again, with growing pauses between the tries |
# | the number | `gateway.py`, `received_message` keeps it as `sequence`; it is not compared with the one before |
#
# **Before and after.** What you can do is to listen to what happens on your connection:
#
# ```python
# bot = commands.Bot("!", intents=intents)                                        # before
#
# bot = commands.Bot("!", intents=intents, enable_debug_events=True)              # after
#
# @bot.event
# async def on_socket_raw_receive(message):        # each payload, as text
#     payload = json.loads(message)
#     if payload["op"] == 0:
#         print("event", payload["s"], payload["t"])
#
# @bot.event
# async def on_disconnect():                       # the connection is gone
#     print("the gateway is gone")
#
# @bot.event
# async def on_resumed():                          # and back, with the same session
#     print("back again, nothing lost")
# ```
#
# **One change for tonight**: add the last two listeners, with the time, and keep that log. They work
# without `enable_debug_events`, which only the first one needs, and which costs time for each payload.

# %% [markdown]
# ## In practice
#
# <details><summary>The fine print, with sources</summary>
#
# - **A WebSocket alone** is what the small library *websockets* offers. Like httpx it has a blocking
#   half, `websockets.sync`.
# - **The gateway client** follows Discord's documentation, *Gateway*: HELLO, jitter, ACK, RESUME,
#   closing a zombie with any code but 1000 and 1001. Only the address is simpler: at Discord a client
#   resumes at the `resume_gateway_url` that READY names, ours at the old address.
# - **Jitter**: discord.py 2.7 and hikari 2.7 send the first heartbeat immediately, without it.
# - **A dead connection**: hikari closes it when an ACK is missing.
# - **Events twice**: discord.py does not compare numbers, so a replayed event is handled again.
#   Unit 12, part 3, shows what to do in a bot: note the message's id.
# - **Two intervals** and the code 4009 are this gateway's choice. Discord's documentation names no
#   number for its patience.
# - **The rule** in the chart: a block of length *b* begins 0 to 1 interval after the last beat, at
#   any moment with the same chance. The gateway hangs up after 2 intervals of silence.
#
# Sources: Discord's developer documentation, *Gateway* (repository discord-api-docs, commit
# 0329c530); discord.py 2.7.1, `gateway.py` and `client.py`; hikari 2.7.0, `impl/shard.py`.
# </details>

# %% [markdown]
# ## You have seen
#
# - The heartbeat needs its own task: a free loop sends only what a task asks it to send.
# - If an ACK is missing, the connection is dead. Close it, come back, and RESUME.
# - The event number shows what you have already handled.
#
# **Next**: the lab, where you write the heartbeat, the return and the number yourself. It is the last
# one of the course. After it there is only one thing left to watch: your own bot.
