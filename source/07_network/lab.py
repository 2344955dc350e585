# The lab of unit 07. What is judged is what the servers saw; the loop's limit is 0.1 s everywhere.
# Blocking answers hold it for 0.45 s or more, right ones were measured at 2 to 30 ms. Where a pause
# is judged, right ones are 5 to 20 ms late, the bound is 0.3 s, and named wrong ones are 1.4 s off.

# %% [markdown]
# # Lab 07 · Be a good guest
#
# Six exercises, 100 points: three core ones (70) and three stretch ones (30). 30 to 45 minutes for
# the core.
#
# Write your program in place of `raise NotImplementedError()`, then run the test cell below it.
# The servers keep a record: who connected, who asked what and when, who was refused, whose heart
# beat. The tests read that record, so *every* program is right that behaves well. Any client is
# fine: aiohttp, a blocking one in threads of your own, or httpx. (If you take httpx: to make a client
# holds the loop for some time, see part 2 of the lesson, so make it only once.) A hidden test does the
# same with other inputs.
#
# Stuck? Under each exercise stands a ladder of hints, and climbing it costs nothing. The folded
# cells hold what the tests need.

# %% setup="tools" jupyter={"source_hidden": true}
import asyncio
import itertools
import json
import random
import threading
import time  # noqa: F401 (some of these are for your answers)
from collections import Counter
from concurrent.futures import ThreadPoolExecutor  # noqa: F401
from contextlib import suppress
from dataclasses import dataclass

import aiodns
import aiohttp
import dns.resolver  # noqa: F401
import httpx  # noqa: F401
import requests  # noqa: F401

from autograder import watch, world
from autograder.testing import Inconclusive, WrongValue, meanwhile, right

servers = await world.start("http", "dns")

# %% setup="verdicts" jupyter={"source_hidden": true}
def calm(report, bound=0.3):
    """Check the loop, and that this machine kept it waiting for less than `bound`: who is served
    late cannot beat, ask or answer in time."""
    report.responsive(0.1)
    if report.late_by_machine > bound:
        raise Inconclusive("This machine was too busy for this evening: run it again.")


def too_late(report, seconds, bound, sentence):
    """Raise WrongValue with this sentence when `seconds` is beyond `bound` and the loop was free."""
    if seconds > bound:
        if seconds - 2 * report.late_by_machine <= bound:  # to wake up late and to be heard late
            raise Inconclusive("This machine was too busy to time it: run it again.")
        raise WrongValue(sentence)

# %% [markdown] exercise="dogs" limit=0.1
# ---
# ## 1 · Fifty dogs, five connections
#
# `!dog corgi` asks a small web server for a picture. Saturday night, 50 people use it in the same
# moment. The server's owner is a friend of ours, and has one wish: **at most five connections**.
# Not five at a time, fifty in all: *five*.
#
# A `Kennel` lives as long as the bot. The bot enters it once (`async with Kennel(url) as kennel`),
# and each `!dog` calls `kennel.dog(breed)`.
#
# **Worked example.** The same with as many connections as people:
#
# ```python
# class Kennel:
#     def __init__(self, url):
#         self.url = url
#
#     async def __aenter__(self):
#         return self
#
#     async def __aexit__(self, *error):
#         pass
#
#     async def dog(self, breed):
#         async with aiohttp.ClientSession() as session:
#             async with session.get(self.url, params={"breed": breed}) as page:
#                 return (await page.json())["message"]
# ```
#
# **Your turn.** At most five connections are ever opened, they are all in use (the server sees five
# requests at once, not one after the other), everybody gets the right dog, and the loop is never
# held for **100 ms**.

# %% answer="dogs"
class Kennel:
    """All the `!dog` commands of a bot, over at most five connections."""

    def __init__(self, url):
        self.url = url

    async def __aenter__(self):
        """Prepare what all commands share; return self."""
        ### BEGIN SOLUTION
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=5))
        ### END SOLUTION
        return self

    async def __aexit__(self, *error):
        """Close what was opened."""
        ### BEGIN SOLUTION
        await self.session.close()
        ### END SOLUTION

    async def dog(self, breed):
        """GET url?breed=..., and return the value of "message" in the JSON that comes back."""
        ### BEGIN SOLUTION
        async with self.session.get(self.url, params={"breed": breed}) as page:
            return (await page.json())["message"]
        ### END SOLUTION

# %% setup="dogs_evening" jupyter={"source_hidden": true}
async def saturday(url, breeds):
    """Everybody uses `!dog` in the same moment; what each of them is told."""
    async with Kennel(url) as kennel:
        return await asyncio.gather(*(kennel.dog(breed) for breed in breeds))


async def open_kennels(people):
    """Plan such an evening: the path of the page, and {breed: picture}."""
    path, dogs = f"/dogs/{random.randint(1, 10**9)}", {}
    while len(dogs) < people:
        breed = random.choice(["corgi", "pug", "husky"]) + str(random.randint(1, 10**6))
        dogs[breed] = f"{random.randint(1, 10**6)}.jpg"
    bodies = {f"breed={breed}": {"message": picture} for breed, picture in dogs.items()}
    await servers.http.reset()
    await servers.http.plan(path=path, delay=0.01, bodies=bodies)
    await servers.http.hold(path=path, until=5)  # nobody is answered before five are there
    return path, dogs


async def give_in(path):
    """Answer all the same, when five requests are not there after a while."""
    await servers.http.arrived(5, path=path, timeout=1.0)
    await servers.http.release(path=path)

# %% setup="dogs_judged" jupyter={"source_hidden": true}
def good_guests(report, path, dogs):
    """Raise WrongValue unless everybody has a dog, and the server saw five connections, in use."""
    report.responsive(0.1).returned(list(dogs.values()))
    counted = servers.http.counters()
    seen, connections = counted["paths"].get(path, {"requests": 0}), counted["connections"]
    if seen["requests"] < len(dogs):
        raise WrongValue(f"{len(dogs)} dogs were told, and {seen['requests']} were asked for.")
    if connections > 5:
        raise WrongValue(
            f"Everybody has a dog, and the server saw {connections} connections for "
            f"{len(dogs)} commands; 5 were agreed. A connection belongs to a session (or client): "
            "how many of those do you make, and how many connections may each of them open?"
        )
    peak = seen["peak"]
    if peak < 5:
        calm(report)
        raise WrongValue(
            f"The server never saw more than {peak} of 5 requests at the same time. Look for an "
            "`await` that makes one request wait for another."
        )

# %% test="dogs_check" points=25
path, dogs = await open_kennels(50)
report, _ = await meanwhile(watch(saturday, servers.http.url + path, list(dogs)), give_in(path))
good_guests(report, path, dogs)
### BEGIN HIDDEN TESTS
path, dogs = await open_kennels(random.randint(30, 40))
report, _ = await meanwhile(watch(saturday, servers.http.url + path, list(dogs)), give_in(path))
good_guests(report, path, dogs)
### END HIDDEN TESTS
right(report, 25)

# %% [markdown] hints="dogs"
# <details><summary>Hint 1: a question</summary>
#
# What remembers an open connection from one request to the next, and how long does that live in the
# worked example?
# </details>
# <details><summary>Hint 2: where it was in the lesson</summary>
#
# Part 2, the drawer, and in part 3 the cell with `modest`.
# </details>
# <details><summary>Hint 3: the gaps</summary>
#
# `__aenter__` makes one session: `self.session = aiohttp.ClientSession(connector=...)`, and the
# connector has a `limit`. `__aexit__` closes it: `await self.session.close()`. `dog` is the worked
# example without its first line.
# </details>
# <details><summary>The last rung: our answer beside yours</summary>
#
# Save the notebook (Ctrl+S), and run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("dogs")
# ```
#
# When `check` has not passed it yet, it asks whether you mean it. No points are lost by that.
# </details>
# <details><summary>A variant, once it passes</summary>
#
# Do it with `requests`: five threads of your own (`ThreadPoolExecutor(5)`), and one
# `requests.Session` for all of them. Why not `asyncio.to_thread`? (How many threads has that?)
# </details>

# %% [markdown] exercise="rate_limit" limit=0.1
# ---
# ## 2 · An appointment
#
# `!fame` posts lines to the wall of fame, a web service that takes only a few requests in a while.
# What comes too soon is refused with status **429** and a header `Retry-After`: the seconds to stay
# away. `post_all` is to
#
# 1. post the lines **in their order**, each as the JSON `{"line": ...}`;
# 2. after a 429 stay away for as long as the header says, then send the *same* line again: **no
#    line is refused twice**;
# 3. and not wait when nobody asked it to, nor for more than 0.3 s longer than it was asked to;
# 4. return how often it was refused.
#
# Meanwhile the bot lives: never hold the loop for **100 ms**.

# %% answer="rate_limit"
async def post_all(url, lines):
    """Post each of the lines to `url`, in order; return how often a line was refused."""
    refused = 0
    ### BEGIN SOLUTION
    async with aiohttp.ClientSession() as session:
        for line in lines:
            while True:
                async with session.post(url, json={"line": line}) as reply:
                    if reply.status != 429:
                        break
                    pause = float(reply.headers["Retry-After"])
                refused += 1
                await asyncio.sleep(pause)
    ### END SOLUTION
    return refused

# %% setup="rate_limit_wall" jupyter={"source_hidden": true}
def line_of(entry):
    """The line in the body of a request; None when there is none."""
    try:
        return json.loads(entry["body"])["line"]
    except (ValueError, KeyError, TypeError):
        return None


async def build_wall(number, limit, window):
    """A wall that takes so many requests in so many seconds: its path, and lines to post."""
    path = f"/fame/{random.randint(1, 10**9)}"
    people = itertools.islice(itertools.cycle(["ada", "bo", "cy"]), number)
    await servers.http.plan(path=path, limit=limit, window=window)
    return path, [f"{who} rolls {random.randint(1, 10**6)}" for who in people]


def nothing_lost(lines, entries):
    """Raise WrongValue unless each line was taken once, in order, and refused once at most."""
    said = [line_of(entry) for entry in entries]
    for entry, line in zip(entries, said, strict=True):
        if line not in lines:
            body = str(entry.get("body"))[:60]
            raise WrongValue(f'The wall got {body!r}, and wants a line as JSON: {{"line": "..."}}.')
    status = [entry.get("status") for entry in entries]
    taken = [line for line, code in zip(said, status, strict=True) if code == 200]
    refused = Counter(line for line, code in zip(said, status, strict=True) if code == 429)
    for line, times in refused.items():
        if times > 1:
            raise WrongValue(
                f"{line!r} was refused {times} times. After the first 429 the wall had said how "
                "long to stay away: `Retry-After` is in the headers of its answer."
            )
        if line not in taken:
            raise WrongValue(f"{line!r} was refused, and never sent again: 429 means later.")
    if taken != lines:
        raise WrongValue(f"On the wall stands {taken}, and it should be {lines}.")

# %% setup="rate_limit_kept" jupyter={"source_hidden": true}
def no_idle_waiting(report, entries, window):
    """Raise WrongValue for a pause that nobody asked for, or that was longer than asked for."""
    began = -window
    for entry, following in itertools.pairwise(entries):
        if entry["at"] - began >= window:
            began = entry["at"]
        late = following["at"] - entry["at"] - entry["seconds"]
        sentence = (
            f"After {line_of(entry)!r} was taken, {late:.2f} s passed until the next line, and "
            "nobody had asked you to wait. Pause after a 429, and only then."
        )
        if entry["status"] == 429:
            late = following["at"] - (began + window)
            sentence = (
                f"{line_of(entry)!r} was refused, and came again {late:.2f} s later than the wall "
                "had asked for. How long to stay away, the header says each time."
            )
        too_late(report, late, 0.3, sentence)


async def kept(report, path, lines, window):
    """Raise WrongValue unless the lines were posted as agreed."""
    entries = [entry for entry in await servers.http.log() if entry["path"] == path]
    report.responsive(0.1)
    nothing_lost(lines, entries)
    no_idle_waiting(report, entries, window)
    report.returned(sum(entry["status"] == 429 for entry in entries))

# %% test="rate_limit_check" points=25
path, lines = await build_wall(7, limit=3, window=0.55)
report = await watch(post_all, servers.http.url + path, lines)
await kept(report, path, lines, 0.55)
### BEGIN HIDDEN TESTS
window = random.uniform(0.46, 0.65)
path, lines = await build_wall(5, limit=2, window=window)
report = await watch(post_all, servers.http.url + path, lines)
await kept(report, path, lines, window)
### END HIDDEN TESTS
right(report, 25)

# %% [markdown] hints="rate_limit"
# <details><summary>Hint 1: a question</summary>
#
# Who knows how long to wait, you or the wall? And what is sent after the wait, the next line or the
# same?
# </details>
# <details><summary>Hint 2: where it was in the lesson</summary>
#
# Part 4, `patient`.
# </details>
# <details><summary>Hint 3: the gaps</summary>
#
# A `for` over the lines, in it a `while True` that is left by `break` when `reply.status != 429`.
# Otherwise `pause = float(reply.headers["Retry-After"])`, count, and `await asyncio.sleep(pause)`.
# The header is text, and it may have a fraction: `int` would not do.
# </details>
# <details><summary>The last rung: our answer beside yours</summary>
#
# Save the notebook (Ctrl+S), and run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("rate_limit")
# ```
#
# When `check` has not passed it yet, it asks whether you mean it. No points are lost by that.
# </details>
# <details><summary>A variant, once it passes</summary>
#
# Two commands post to the same wall at the same time. Why are lines refused twice now, and what
# would the two have to share?
# </details>

# %% [markdown] exercise="heartbeat" limit=0.1
# ---
# ## 3 · A heart, and an ear for its echo
#
# The client of the lesson has a heart of its own, and two faults: it beats at once, and it does not
# listen for ACKs. Write the heart and the ear of a better one. Both are tasks, which `talk` starts
# (it is given below): when one of them ends, it closes the line with code 4000.
#
# `heart` beats **first after a random part of the interval** (anything between none of it and all
# of it), then **once every interval**. When a beat is due and the last one was **not
# acknowledged**, it does not beat: it returns.
#
# `read` listens until the line is closed (`async for frame in ws`, `frame.json()`):
#
# | op | meaning | to do |
# |---|---|---|
# | 0 | an event, its number in `s` | note the number; for `MESSAGE_CREATE` (in `t`) call `self.command(text)`, the text is `payload["d"]["content"]` |
# | 11 | the ACK of a heartbeat | note it |
#
# A command may take its time (`!recap` takes longer than the gateway has patience); meanwhile the
# heart beats and the line is read. The loop is never held for **100 ms**.

# %% setup="heartbeat_line"
class Line:
    """A client's line to the gateway: `talk` is given, `heart` and `read` are yours."""

    def __init__(self, token, command):
        self.token = token
        self.command = command  # a coroutine function
        self.sequence = None  # the number of the last event
        self.acked = True  # was the last heartbeat acknowledged?

    async def talk(self, ws):
        """Speak over an open line until it is closed, or silent."""
        interval = (await ws.receive_json())["d"]["heartbeat_interval"] / 1000
        hello = {"token": self.token, "intents": 33281, "properties": {}}
        await ws.send_json({"op": 2, "d": hello})
        both = [asyncio.create_task(part) for part in (self.heart(ws, interval), self.read(ws))]
        done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        await ws.close(code=4000)  # does nothing when it is closed already
        both[0].cancel()
        for part in done:
            with suppress(ConnectionError):  # a beat may have come just after the end
                part.result()

# %% answer="heartbeat"
class Client(Line):
    """A client of the gateway, for one line; it has what `Line` has."""

    async def heart(self, ws, interval):
        """Beat every interval, and return when an ACK is missing.

        The first beat comes after a random part of the interval. A beat is the JSON
        `{"op": 1, "d": self.sequence}`.
        """
        ### BEGIN SOLUTION
        await asyncio.sleep(interval * random.random())
        while self.acked:
            self.acked = False
            await ws.send_json({"op": 1, "d": self.sequence})
            await asyncio.sleep(interval)
        ### END SOLUTION

    async def read(self, ws):
        """Note numbers and ACKs, and start a command for each message, until the line is closed."""
        ### BEGIN SOLUTION
        async with asyncio.TaskGroup() as commands:
            async for frame in ws:
                payload = frame.json()
                if payload["op"] == 11:
                    self.acked = True
                if payload["op"] == 0:
                    self.sequence = payload["s"]
                    if payload["t"] == "MESSAGE_CREATE":
                        commands.create_task(self.command(payload["d"]["content"]))
        ### END SOLUTION

# %% setup="heartbeat_online" jupyter={"source_hidden": true}
async def online(address, bots):
    """So many bots talk over a line each, until it is closed; what their commands were told."""

    async def life(number):
        told = []

        async def command(text):
            told.append(text)
            if text == "!recap":
                await asyncio.sleep(0.8)  # read the day's messages
                told.append("recapped")
            if text == "!goodnight":
                await ws.close()

        async with aiohttp.ClientSession() as web, web.ws_connect(address["ws_url"]) as ws:
            await Client(f"{address['token']}.bot{number}", command).talk(ws)
        return told

    return await asyncio.gather(*(life(number) for number in range(bots)))


async def recap(gw, bots):
    """ada asks for a recap, and says good night; who does not listen is cut off."""
    await gw.until(ready=bots, timeout=3)
    await gw.say("!recap")
    await asyncio.sleep(1.0)
    await gw.say("!goodnight")
    await asyncio.sleep(0.6)
    await gw.drop(4000)


async def deaf_evening(gw, interval):
    """This gateway never acknowledges a beat; after a while it gives up."""
    await gw.until(closed=1, timeout=3 * interval + 0.8)
    await gw.drop(4000)

# %% setup="heartbeat_judged" jupyter={"source_hidden": true}
def well_beaten(gw, bots, interval):
    """Raise WrongValue unless all hearts began at moments of their own, and kept their pace."""
    hearts = [[e for e in gw.log if e["event"] == "heartbeat" and e["bot"] == number + 1]
              for number in range(bots)]  # fmt: skip
    if not all(len(beats) > 1 for beats in hearts):
        raise WrongValue("A bot was online for over a second, and beat less than twice.")
    first = [beats[0]["gap"] for beats in hearts]
    if max(first) - min(first) < 0.15 * interval:
        raise WrongValue(
            f"{bots} bots connected in the same moment, and all of them beat first after "
            f"{min(first):.2f} to {max(first):.2f} s: their hearts beat in one blow. The first "
            f"beat comes after a random part of the interval, of {interval} s."
        )
    for beats in hearts:
        lasted = beats[-1]["at"] - beats[0]["at"]
        if len(beats) > 2 + 1.5 * lasted / interval:
            raise WrongValue(
                f"{len(beats)} heartbeats in {lasted:.2f} s, and one every {interval} s was asked "
                "for. (Discord takes 120 payloads a minute, then it hangs up.)"
            )

# %% setup="heartbeat_heard" jupyter={"source_hidden": true}
def kept_beating(gw, report, interval):
    """Raise WrongValue when the line was lost by more than the machine can have been late."""
    kills = [e for e in gw.log if e["event"] == "killed"]
    if kills and report.longest_block < 0.1 and report.late_by_machine < interval:
        raise WrongValue(
            f"The loop was free, and the gateway hung up after {kills[0]['gap']:.2f} s of silence: "
            "the bot itself stopped sending heartbeats. Who beats while a command waits?"
        )
    report.responsive(0.1, gateway=gw)
    calm(report)


def heard_well(gw, report, *said):
    """Raise WrongValue unless each bot's commands were called as people spoke."""
    ends = [e for e in gw.log if e["event"] == "closed" and e["by"] == "bot" and e["code"] == 4000]
    why = (
        " A client closed its line itself, with 4000, though the gateway acknowledged each beat: "
        "who reads the ACKs while a command runs, and does a beat wait a whole interval?"
    )
    for told in report.value:
        if sorted(told) != sorted(said):
            raise WrongValue(
                f"`command` was told {told}, and {list(said)} was said and done.{why * bool(ends)}"
            )

# %% setup="heartbeat_noticed" jupyter={"source_hidden": true}
def noticed(gw, report):
    """Raise WrongValue unless the client closed the silent line itself, in time, with its code."""
    calm(report)
    ends = [e for e in gw.log if e["event"] == "closed"]
    if not ends or ends[0]["by"] != "bot":
        raise WrongValue(
            f"The gateway acknowledged nothing, and the client beat {gw.beats} times. Before each "
            "beat: has the last one been acknowledged? If not, `heart` returns."
        )
    if ends[0]["code"] != 4000:
        raise WrongValue(
            f"The client closed the silent line with code {ends[0]['code']}; `talk` does it with "
            "4000. 1000 and 1001 end the session, and then there is nothing to resume."
        )
    if gw.beats != 1:
        raise WrongValue(
            f"{gw.beats} beats on a line that acknowledged none: one, and then the line is closed."
        )

# %% test="heartbeat_check" points=20
gw = await servers.gateway(heartbeat=0.25, grace=2)
report, _ = await meanwhile(watch(online, gw.address, 8), recap(gw, 8))
kept_beating(gw, report, 0.25)
heard_well(gw, report, "!recap", "recapped", "!goodnight")
well_beaten(gw, 8, 0.25)
gw = await servers.gateway(heartbeat=0.2, grace=8)
await gw.faults(acks=False)
noticed(gw, (await meanwhile(watch(online, gw.address, 1), deaf_evening(gw, 0.2)))[0])
### BEGIN HIDDEN TESTS
gw = await servers.gateway(heartbeat=0.3, grace=2)
report, _ = await meanwhile(watch(online, gw.address, 9), recap(gw, 9))
kept_beating(gw, report, 0.3)
heard_well(gw, report, "!recap", "recapped", "!goodnight")
well_beaten(gw, 9, 0.3)
gw = await servers.gateway(heartbeat=0.25, grace=8)
await gw.faults(acks=False)
noticed(gw, (await meanwhile(watch(online, gw.address, 1), deaf_evening(gw, 0.25)))[0])
### END HIDDEN TESTS
right(report, 20)

# %% [markdown] hints="heartbeat"
# <details><summary>Hint 1: a question</summary>
#
# While `!recap` waits, two other things must go on: which? And who runs them, if not a task of
# their own?
# </details>
# <details><summary>Hint 2: where it was in the lesson</summary>
#
# Part 5: `heart` and `side_by_side`, and below them *Jitter* and *The ACK*.
# </details>
# <details><summary>Hint 3: the gaps</summary>
#
# `read`: `async for frame in ws`, inside of an `async with asyncio.TaskGroup() as commands`. Op 11:
# `self.acked = True`. A command: `commands.create_task(...)`, so that the line is read on. `heart`:
# first sleep `interval * random.random()`; then `while self.acked`, in which `self.acked` is set to
# False *before* each beat; then the beat, and a sleep of one interval.
# </details>
# <details><summary>Hint 4: commands are missing, or the line is closed on a good evening?</summary>
#
# Then ACKs come in and are not read, because the line waits for a command. Or `acked` is set to
# False after the beat was sent: an ACK may be quicker than you.
# </details>
# <details><summary>The last rung: our answer beside yours</summary>
#
# Save the notebook (Ctrl+S), and run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("heartbeat")
# ```
#
# When `check` has not passed it yet, it asks whether you mean it. No points are lost by that.
# </details>
# <details><summary>A variant, once it passes</summary>
#
# Op 1 may also come *from* the gateway: "beat now". Add it. How can you test it? (`await
# gw.ask_beat()`, on a gateway of your own: `gw = await servers.gateway()`.)
# </details>

# %% [markdown] exercise="zombie" limit=0.1 stretch=true
# ---
# ## 4 · Back from the dead *(stretch)*
#
# Exercise 3 ends where a bot's life goes on: the line was silent, the client closed it. Now come
# back. Given is a client that does all this on *one* line:
#
# `await converse(ws, me, hello, command)` says `hello`, beats, checks the ACKs, notes in `me` what
# must be remembered, calls the command, and returns when the line is closed. (It is in the folded
# cell below, and answers exercise 3, so do that one first.)
#
# Write `stay`, which keeps the bot online, line after line, **until `me.done` is true**. On its
# first line the bot says `identify(me)`. Afterwards it comes back at once (within a second), to the
# same session: `resume(me)`. Nothing that people say may be lost. Limit: **100 ms**, as ever.

# %% setup="zombie_given"
@dataclass
class Me:
    """What a bot remembers, from one line to the next."""

    url: str
    token: str
    session_id: str = ""  # from READY; "" as long as there is no session
    sequence: int | None = None  # the number of the last event
    done: bool = False  # true when the bot was sent to bed
    acked: bool = True  # was the last heartbeat acknowledged?
    line: object = None  # the one that is open now


def identify(me):
    return {"op": 2, "d": {"token": me.token, "intents": 33281, "properties": {}}}


def resume(me):
    return {"op": 6, "d": {"token": me.token, "session_id": me.session_id, "seq": me.sequence}}


def note(me, payload):
    """Note what an event says about the session; True when it is to be handled."""
    me.sequence = payload["s"]
    if payload["t"] == "READY":
        me.session_id = payload["d"]["session_id"]
    return True

# %% setup="zombie_line" jupyter={"source_hidden": true}
async def beat(ws, me, interval):
    """Exercise 3: the heart."""
    me.acked = True
    await asyncio.sleep(interval * random.random())
    while me.acked:
        me.acked = False
        await ws.send_json({"op": 1, "d": me.sequence})
        await asyncio.sleep(interval)


async def listen(ws, me, command, note):
    """Exercise 3: the ear. These commands are quick, and run one after the other."""
    async for frame in ws:
        payload = frame.json()
        if payload["op"] == 9:  # the session is gone
            return
        if payload["op"] == 11:
            me.acked = True
        if payload["op"] == 0 and note(me, payload) and payload["t"] == "MESSAGE_CREATE":
            await command(payload["d"]["content"])


async def converse(ws, me, hello, command, note=note):
    """Exercise 3: both of them, until the line is closed or silent."""
    interval = (await ws.receive_json())["d"]["heartbeat_interval"] / 1000
    me.line = ws
    await ws.send_json(hello)
    both = [asyncio.create_task(c) for c in (beat(ws, me, interval), listen(ws, me, command, note))]
    done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    await ws.close(code=4000)  # does nothing when it is closed already
    both[0].cancel()
    for part in done:
        with suppress(ConnectionError):  # a beat may have come just after the end
            part.result()

# %% answer="zombie"
async def stay(web, me, command):
    """Keep a bot online until `me.done`; `web.ws_connect(me.url)` opens a line."""
    ### BEGIN SOLUTION
    while not me.done:
        async with web.ws_connect(me.url) as ws:
            await converse(ws, me, resume(me) if me.session_id else identify(me), command)
    ### END SOLUTION

# %% setup="zombie_evening" jupyter={"source_hidden": true}
async def long_evening(address):
    """A bot stays online until `!goodnight`; what its command was told."""
    me, told = Me(address["ws_url"], address["token"]), []

    async def command(text):
        told.append(text)
        if text == "!goodnight":
            me.done = True
            await me.line.close()

    async with aiohttp.ClientSession() as web:
        await stay(web, me, command)
    return told


async def falls_silent(gw, lines):
    """The gateway falls silent in the middle of the evening, and comes to itself again."""
    await gw.until(ready=1)
    await gw.say(lines[0])
    await gw.faults(acks=False)
    await gw.until(closed=1, timeout=2)
    await gw.faults()
    await gw.say(lines[1])
    await gw.until(resumes=1, timeout=1.0)
    for line in (*lines[2:], "!goodnight"):
        await gw.say(line)

# %% setup="zombie_judged" jupyter={"source_hidden": true}
def came_back(report, gw, lines):
    """Raise WrongValue unless the session went on, and every line was heard once, in order."""
    seen = gw.counters()
    if seen["ready"] > 1:
        raise WrongValue(
            f"The bot logged in {seen['ready']} times. Whoever IDENTIFYs again has a new session, "
            "and what was said meanwhile is lost: RESUME the old one."
        )
    if not seen["ready"] and any(event.get("code") == 4007 for event in gw.log):
        raise WrongValue(
            "The bot said RESUME, and had no session yet: the gateway hung up with 4007, each "
            "time. On its first line a bot says `identify(me)`."
        )
    calm(report)
    if not seen["resumes"]:
        raise WrongValue(
            "The line was closed, and the bot did not come back. `converse` ends with its line; "
            "then it is your turn, until `me.done`."
        )
    ends, back = ([e["at"] for e in gw.log if e["event"] == x] for x in ("closed", "resumed"))
    away = back[0] - ends[0]
    late = f"The bot came back to the gateway after {away:.2f} s, and not within a second."
    too_late(report, away, 1.0, late)
    if report.value != [*lines, "!goodnight"]:
        raise WrongValue(f"People said {lines}; the bot heard {report.value}.")

# %% test="zombie_check" points=10
gw = await servers.gateway(heartbeat=0.2, grace=3)
lines = ["!roll 2d6", "!ping", f"!roll {random.randint(2, 99)}d6"]
report, _ = await meanwhile(watch(long_evening, gw.address, timeout=5), falls_silent(gw, lines))
came_back(report, gw, lines)
### BEGIN HIDDEN TESTS
gw = await servers.gateway(heartbeat=0.2, grace=3)
lines = [f"!roll {number}d6" for number in random.sample(range(2, 99), 4)]
report, _ = await meanwhile(watch(long_evening, gw.address, timeout=5), falls_silent(gw, lines))
came_back(report, gw, lines)
### END HIDDEN TESTS
right(report, 10)

# %% [markdown] hints="zombie"
# <details><summary>Hint 1: a question</summary>
#
# How does the bot know, when a new line is open, whether it has a session already?
# </details>
# <details><summary>Hint 2: where it was in the lesson</summary>
#
# Part 5, `cut_off`: `connected` is called twice there, with two different hellos.
# </details>
# <details><summary>Hint 3: the gaps</summary>
#
# `while not me.done:`, in it `async with web.ws_connect(me.url) as ws:`, in it `converse`. The hello
# is `resume(me)` if `me.session_id` is not empty.
# </details>
# <details><summary>The last rung: our answer beside yours</summary>
#
# Save the notebook (Ctrl+S), and run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("zombie")
# ```
#
# When `check` has not passed it yet, it asks whether you mean it. No points are lost by that.
# </details>
# <details><summary>A variant, once it passes</summary>
#
# The gateway is down for a minute, and your loop tries a thousand times a second. Wait a little
# longer after each try that failed (and not all bots the same time: jitter again).
# </details>

# %% [markdown] exercise="resume" limit=0.1 stretch=true
# ---
# ## 5 · Once and only once *(stretch)*
#
# On a bad line events come twice, or the line is cut just before one comes. The client of exercise
# 4 notes the number of each event, and comes back with it. What it does not see is that an event
# came **twice**. (Somebody's `!buy` would be done twice.)
#
# Write a better `note`, called `fresh`. It is given each event, and
#
# - notes in `me.sequence` the number of the last event, and in `me.session_id` the session's id,
#   `payload["d"]["session_id"]`, when the event is `READY` (`payload["t"]` says which it is);
# - returns `True` when the event is **new**, and `False` when the bot has had it already.
#
# No event may be lost, none may be handled twice; and two people may well say the same words. It is
# called on the loop: no **100 ms** here either.

# %% answer="resume"
def fresh(me, payload):
    """Note what must be remembered of an event; return whether it is new."""
    ### BEGIN SOLUTION
    if me.sequence is not None and payload["s"] <= me.sequence and payload["t"] != "READY":
        return False
    me.sequence = payload["s"]
    if payload["t"] == "READY":
        me.session_id = payload["d"]["session_id"]
    return True
    ### END SOLUTION

# %% setup="resume_evening" jupyter={"source_hidden": true}
async def bad_line(address):
    """A bot on a bad line, which comes back at most 40 times; what it heard until `!goodnight`."""
    me, told = Me(address["ws_url"], address["token"]), []

    async def command(text):
        told.append(text)
        if text == "!goodnight":
            me.done = True
            await me.line.close()

    with suppress(TimeoutError):
        async with asyncio.timeout(2.5), aiohttp.ClientSession() as web:
            for _ in range(40):
                async with web.ws_connect(me.url) as ws:
                    hello = resume(me) if me.session_id else identify(me)
                    await converse(ws, me, hello, command, fresh)
                if me.done:
                    break
    return told


async def stutter(gw, lines):
    """People talk over a line that is cut now and then, and repeats what it says."""
    await gw.until(ready=1)
    await gw.faults(drop=0.15, duplicate=0.5, seed=random.randint(1, 10**6))
    for number, line in enumerate(lines):
        await gw.say(line, author=random.choice(["ada", "bo", "cy"]))
        if number == 1:
            await gw.drop()
    await asyncio.sleep(0.1)
    await gw.faults()
    await gw.say("!goodnight")

# %% setup="resume_judged" jupyter={"source_hidden": true}
def once_each(report, gw, lines):
    """Raise WrongValue unless everything was heard once and only once, in order."""
    calm(report)
    said, heard = Counter([*lines, "!goodnight"]), Counter(report.value)
    logins = gw.counters()["ready"]
    if logins and not report.value:
        raise WrongValue(
            f"{lines[0]!r} was said {said[lines[0]]} time(s) and handled 0 times: `fresh` called no "
            "event new. Is the number compared with the last one before it is noted?"
        )
    for line in (*lines, "!goodnight"):
        if heard[line] > said[line]:
            raise WrongValue(
                f"{line!r} was said {said[line]} time(s) and handled {heard[line]} times. An event "
                "whose number is not greater than the last one has been here already."
            )
        if heard[line] < said[line]:
            again = f" The bot logged in {logins} times: note the session's id." * (logins > 1)
            raise WrongValue(
                f"{line!r} was said {said[line]} time(s) and handled {heard[line]} times.{again}"
            )
    if report.value != [*lines, "!goodnight"]:
        raise WrongValue(f"The order is not as people spoke: {report.value}.")

# %% test="resume_check" points=10
gw = await servers.gateway(heartbeat=0.2, grace=3)
lines = ["!buy tea", "!ping", "!buy tea", "!roll 2d6", "!buy tea"]
report, _ = await meanwhile(watch(bad_line, gw.address, timeout=5), stutter(gw, lines))
once_each(report, gw, lines)
### BEGIN HIDDEN TESTS
gw = await servers.gateway(heartbeat=0.2, grace=3)
lines = [*random.choices(["!buy cake", "!buy a map", "!ping"], k=6), "!roll 3d6"]
report, _ = await meanwhile(watch(bad_line, gw.address, timeout=5), stutter(gw, lines))
once_each(report, gw, lines)
### END HIDDEN TESTS
right(report, 10)

# %% [markdown] hints="resume"
# <details><summary>Hint 1: a question</summary>
#
# The gateway numbers its events 1, 2, 3. What do you know about an event that bears a 7, when the
# last one you had was number 7?
# </details>
# <details><summary>Hint 2: where it was in the lesson</summary>
#
# Part 5, the end: the careless number, and the two sentences after it.
# </details>
# <details><summary>Hint 3: the gaps</summary>
#
# First compare: `payload["s"] <= me.sequence` means old, but `me.sequence` is None in the
# beginning. Then note. Compare numbers, not texts: people repeat themselves.
# </details>
# <details><summary>The last rung: our answer beside yours</summary>
#
# Save the notebook (Ctrl+S), and run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("resume")
# ```
#
# When `check` has not passed it yet, it asks whether you mean it. No points are lost by that.
# </details>
# <details><summary>A variant, once it passes</summary>
#
# The bot itself is restarted, and `me` is gone. Where would `sequence` have to be kept, so that
# even then nothing is done twice? (Unit 08 has a place for it.)
# </details>

# %% [markdown] exercise="names" limit=0.1 stretch=true
# ---
# ## 6 · Forty names *(stretch)*
#
# A bot with 40 shards looks up 40 names, at a name server that is slow tonight: 0.4 s for each. And
# the **default pool is full**: other parts of the bot have sent it work that will take a while.
#
# `look_up(names, server)` returns a dict, name → address, as in `{"a.bot.test": "10.0.0.1"}`.
# `server` is the name server's address, such as `"127.0.0.1:5353"`. **All 40 questions are under way
# at once**, as the name server sees it, and the loop is never held for **100 ms**.
#
# aiodns is here, and so is dnspython, which blocks:
#
# ```python
# resolver = dns.resolver.Resolver(configure=False)
# host, port = server.split(":")
# resolver.nameservers, resolver.port = [host], int(port)
# resolver.resolve(name, "A")[0].to_text()          # the address
#
# async with aiodns.DNSResolver(nameservers=[server]) as resolver:
#     found = await resolver.query_dns(name, "A")
#     found.answer[0].data.addr                      # the address
# ```

# %% answer="names"
async def look_up(names, server):
    """Return {name: address} for these names, as the name server at `server` knows them."""
    ### BEGIN SOLUTION
    async with aiodns.DNSResolver(nameservers=[server]) as resolver:
        found = await asyncio.gather(*(resolver.query_dns(name, "A") for name in names))
    return {
        name: one.answer[0].data.addr for name, one in zip(names, found, strict=True)
    }
    ### END SOLUTION

# %% setup="names_busy" jupyter={"source_hidden": true}
async def while_the_pool_is_full(names, server):
    """Call `look_up` while 40 jobs hold the default pool, for 0.9 s or until it is done."""
    over = threading.Event()
    asyncio.get_running_loop().call_later(0.9, over.set)
    jobs = [asyncio.create_task(asyncio.to_thread(over.wait, 3)) for _ in range(40)]
    await asyncio.sleep(0.02)
    try:
        return await look_up(names, server)
    finally:
        over.set()
        await asyncio.gather(*jobs)


async def plan_names(ending):
    """Forty fresh names, and the addresses that the name server shall tell for them."""
    await servers.dns.reset()
    truth = {}
    for number in range(40):
        name = f"shard{number}-{random.randint(1, 10**6)}{ending}.bot.test"
        truth[name] = f"10.{random.randint(0, 255)}.{random.randint(0, 255)}.{number}"
    plans = (servers.dns.plan(name, [address], delay=0.4) for name, address in truth.items())
    await asyncio.gather(*plans)
    return truth

# %% setup="names_judged" jupyter={"source_hidden": true}
def all_at_once(report, truth):
    """Raise WrongValue unless all questions were asked at once, and answered right."""
    seen = servers.dns.counters()
    if 0 < seen["peak_running"] < 40 and report.longest_block < 0.1:
        if report.late_by_machine > 0.3:
            raise Inconclusive("This machine was too busy for forty questions: run it again.")
        raise WrongValue(
            f"The name server never had more than {seen['peak_running']} questions at once, of 40. "
            "Who asks them: one after the other, or threads of which there are too few?"
        )
    report.responsive(0.1).returned(truth)
    if any(seen["names"].get(name, 0) == 0 for name in truth):
        raise WrongValue("There are names that the name server was never asked for.")

# %% test="names_check" points=10
truth, server = await plan_names(""), servers.dns.address
report = await watch(while_the_pool_is_full, list(truth), server, timeout=4)
all_at_once(report, truth)
### BEGIN HIDDEN TESTS
truth, server = await plan_names(".eu"), servers.dns.address
report = await watch(while_the_pool_is_full, list(truth), server, timeout=4)
all_at_once(report, truth)
### END HIDDEN TESTS
right(report, 10)

# %% [markdown] hints="names"
# <details><summary>Hint 1: a question</summary>
#
# How many questions can be under way at once when each of them needs a thread, and who else uses
# those threads?
# </details>
# <details><summary>Hint 2: where it was in the lesson</summary>
#
# Part 6, `by_aiodns`.
# </details>
# <details><summary>Hint 3: the gaps</summary>
#
# One resolver, and `asyncio.gather` over `resolver.query_dns(name, "A")` for all names, inside the
# `async with`. Then a dict from `zip(names, found)`. Or dnspython in a pool of your own, with as
# many threads as there are names.
# </details>
# <details><summary>The last rung: our answer beside yours</summary>
#
# Save the notebook (Ctrl+S), and run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("names")
# ```
#
# When `check` has not passed it yet, it asks whether you mean it. No points are lost by that.
# </details>
# <details><summary>A variant, once it passes</summary>
#
# One of the names does not exist. Return `None` for it, and the addresses of the others all the
# same.
# </details>

# %% [markdown]
# ---
# **Done?** In a terminal, in the folder of the course, `python3 -m autograder check
# work/07_network/07_network.ipynb` marks this notebook as an instructor would, hidden tests
# included.
