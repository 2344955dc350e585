# The lab of unit 13, all stretch. What is judged is what the gateway saw; the loop's limit is 0.1 s
# everywhere. The interval is 0.2 to 0.4 s; wrong clients lose their connection by 0.4 s and more.

# %% [markdown]
# # Lab 13 · Be a gateway client
#
# Three stretch exercises, 40 points. None of them counts as a core point.
#
# Write your program in place of `raise NotImplementedError()`, then run the test cell below it. The
# gateway keeps a record of each connection, heartbeat and event. The tests read that record and not your
# source, so every program that behaves well passes. A hidden test does the same with other inputs.
#
# If a test fails, its message says what happened and where. Stuck? Each exercise has hints below it.
# They cost no points. The folded cells have what the tests need.

# %% setup="tools" jupyter={"source_hidden": true}
import asyncio
import json  # noqa: F401 (some of these are for your answers)
import random
import time  # noqa: F401
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

import aiohttp

from autograder import watch, world
from autograder.testing import Inconclusive, WrongValue, meanwhile, right

servers = await world.start()

# %% setup="verdicts" jupyter={"source_hidden": true}
BUSY = (
    "This machine was too busy to measure this. Run the cell again; it does not count against you."
)


def calm(report, bound=0.3):
    """Check the loop, and that other programs kept it waiting for less than `bound` seconds.

    A client that gets no processor cannot send a heartbeat in time.
    """
    report.responsive(0.1)
    if report.late_by_machine > bound:
        raise Inconclusive(BUSY)


def too_late(report, seconds, bound, sentence):
    """Raise WrongValue with this sentence when `seconds` is beyond `bound` and the loop was free."""
    if seconds > bound:
        if seconds - 2 * report.late_by_machine <= bound:  # to wake up late and to be heard late
            raise Inconclusive(BUSY)
        raise WrongValue(sentence)

# %% [markdown] exercise="heartbeat" limit=0.1 stretch=true
# ---
# ## 1 · Heartbeats and ACKs *(stretch)*
#
# The client of the lesson's part 2 has two faults. It sends its first heartbeat immediately, and it
# does not listen for ACKs. Write `heart` and `read` of a better one. `talk` (given below) runs each of
# them as a task. When one of them ends, `talk` closes the connection with code 4000.
#
# `heart` waits a **random part of the first interval** (between 0 and the whole interval), sends its
# first heartbeat, and then sends **one per interval**. When a heartbeat is due and the last one was
# **not acknowledged**, it sends nothing and returns.
#
# `read` listens until the connection is closed (`async for frame in ws`, `frame.json()`):
#
# | op | meaning | to do |
# |---|---|---|
# | 0 | an event, its number in `s` | note the number; for `MESSAGE_CREATE` (in `t`) call `self.command(text)`, the text is `payload["d"]["content"]` |
# | 11 | the ACK of a heartbeat | note it |
#
# A command may take some time: `!recap` takes longer than the gateway waits for a heartbeat. While a
# command runs, and while none runs, the heartbeats go on and the client reads. Limit: hold the loop
# for less than **100 ms** at a time.

# %% setup="heartbeat_line"
class Line:
    """A client's connection to the gateway: `talk` is given, `heart` and `read` are yours."""

    def __init__(self, token, command):
        self.token = token
        self.command = command  # a coroutine function
        self.sequence = None  # the number of the last event
        self.acked = True  # was the last heartbeat acknowledged?

    async def talk(self, ws):
        """Use an open connection until it is closed, or until an ACK is missing."""
        interval = (await ws.receive_json())["d"]["heartbeat_interval"] / 1000
        identity = {"token": self.token, "intents": 33281, "properties": {}}
        await ws.send_json({"op": 2, "d": identity})
        both = [asyncio.create_task(part) for part in (self.heart(ws, interval), self.read(ws))]
        done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        await ws.close(code=4000)  # does nothing when it is closed already
        both[0].cancel()
        for part in done:
            with suppress(ConnectionError):  # a beat may have come just after the end
                part.result()

# %% answer="heartbeat"
class Client(Line):
    """A client of the gateway, for one connection; it has what `Line` has."""

    async def heart(self, ws, interval):
        """Send a heartbeat per interval, and return when an ACK is missing.

        The first one comes after a random part of the interval. A heartbeat is the JSON
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
        """Note numbers and ACKs, start a command for each message; until the connection closes."""
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
    """Each bot talks until its connection is closed; what their commands were told."""

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
    """A recap of 0.8 s, a quiet second, good night; a client that does not listen is cut off."""
    await gw.until(ready=bots, timeout=3)
    await gw.say("!recap")
    await asyncio.sleep(1.8)
    await gw.say("!goodnight")
    await asyncio.sleep(0.6)
    await gw.drop(4000)


async def deaf_evening(gw, interval):
    """This gateway never acknowledges a heartbeat; after a while it gives up."""
    await gw.until(closed=1, timeout=3 * interval + 0.8)
    await gw.drop(4000)

# %% setup="heartbeat_judged" jupyter={"source_hidden": true}
def well_beaten(gw, report, bots, interval):
    """Raise WrongValue unless all first beats came at moments of their own, at the right pace."""
    hearts = [[e for e in gw.log if e["event"] == "heartbeat" and e["bot"] == number + 1]
              for number in range(bots)]  # fmt: skip
    if not all(len(beats) > 1 for beats in hearts):
        raise WrongValue(
            "A bot was online for over a second, and sent fewer than two heartbeats. Look at the "
            "condition of the loop in `heart`."
        )
    first = [beats[0]["gap"] for beats in hearts]
    if max(first) - min(first) < 0.15 * interval:
        calm(report, interval / 2)  # what was due while the loop waited for a CPU comes at its end
        raise WrongValue(
            f"{bots} bots connected at the same moment, and all of them sent their first heartbeat "
            f"after {min(first):.2f} to {max(first):.2f} s: at the same moment, too. Before the "
            f"first heartbeat, wait for a random part of the interval of {interval} s."
        )
    for beats in hearts:
        lasted = beats[-1]["at"] - beats[0]["at"]
        if len(beats) > 2 + 1.5 * lasted / interval:
            raise WrongValue(
                f"{len(beats)} heartbeats in {lasted:.2f} s; expected one per {interval} s. "
                "(Discord takes 120 payloads per minute, then it closes the connection.) Sleep for "
                "the whole interval after each one."
            )

# %% setup="heartbeat_heard" jupyter={"source_hidden": true}
def kept_beating(gw, report, interval):
    """Raise WrongValue when the connection was lost, and other programs cannot be the reason."""
    kills = [e for e in gw.log if e["event"] == "killed"]
    if kills and report.longest_block < 0.1 and report.late_by_machine < interval:
        asked = [e["at"] for e in gw.log if e["event"] == "say" and e["content"] == "!recap"]
        busy = any(0 < kills[0]["at"] - at < 0.85 for at in asked)
        raise WrongValue(
            f"While {'`!recap`' if busy else 'no command'} ran, the loop was free, but the gateway closed the connection (4009) after "
            f"{kills[0]['gap']:.2f} s without a heartbeat. The bot stopped sending them: check the "
            "task that sends heartbeats."
        )
    report.responsive(0.1, gateway=gw)
    calm(report)


def heard_well(gw, report, *said):
    """Raise WrongValue unless each bot's commands were called as people spoke."""
    ends = [e for e in gw.log if e["event"] == "closed" and e["by"] == "bot" and e["code"] == 4000]
    why = (
        " A client closed its connection itself (4000), although the gateway acknowledged each "
        "heartbeat. Read the ACKs while a command runs, and wait a whole interval for each."
    )
    for told in report.value:
        if sorted(told) != sorted(said):
            raise WrongValue(
                f"The commands noted {told}; expected {list(said)} ('recapped' is noted when "
                f"`!recap` has ended).{why * bool(ends)}"
            )

# %% setup="heartbeat_noticed" jupyter={"source_hidden": true}
def noticed(gw, report):
    """Raise WrongValue unless the client closed the dead connection itself, in time, with 4000."""
    calm(report)
    ends = [e for e in gw.log if e["event"] == "closed"]
    if not ends or ends[0]["by"] != "bot":
        raise WrongValue(
            f"The gateway acknowledged nothing, but the client sent {gw.beats} heartbeats. Before "
            "each one, look: has the last one been acknowledged? If not, `heart` returns."
        )
    if ends[0]["code"] != 4000:
        raise WrongValue(
            f"The client closed the dead connection with code {ends[0]['code']}; expected 4000, "
            "which `talk` uses. 1000 and 1001 end the session, and then there is nothing to resume."
        )
    if gw.beats != 1:
        raise WrongValue(
            f"{gw.beats} heartbeats on a connection that acknowledged none; expected 1. When the "
            "next one is due and the ACK is missing, `heart` returns."
        )

# %% test="heartbeat_check" points=20
gw = await servers.gateway(heartbeat=0.25, grace=2)
report, _ = await meanwhile(watch(online, gw.address, 8), recap(gw, 8))
kept_beating(gw, report, 0.25)
heard_well(gw, report, "!recap", "recapped", "!goodnight")
well_beaten(gw, report, 8, 0.25)
gw = await servers.gateway(heartbeat=0.2, grace=8)
await gw.faults(acks=False)
noticed(gw, (await meanwhile(watch(online, gw.address, 1), deaf_evening(gw, 0.2)))[0])
### BEGIN HIDDEN TESTS
gw = await servers.gateway(heartbeat=0.3, grace=2)
report, _ = await meanwhile(watch(online, gw.address, 9), recap(gw, 9))
kept_beating(gw, report, 0.3)
heard_well(gw, report, "!recap", "recapped", "!goodnight")
well_beaten(gw, report, 9, 0.3)
gw = await servers.gateway(heartbeat=0.25, grace=8)
await gw.faults(acks=False)
noticed(gw, (await meanwhile(watch(online, gw.address, 1), deaf_evening(gw, 0.25)))[0])
### END HIDDEN TESTS
right(report, 20)

# %% [markdown] hints="heartbeat"
# <details><summary>Hint 1: a question</summary>
#
# While `!recap` waits, two other things must go on. Which two? Does each of them have a task of its
# own?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 2: `heart` and `side_by_side`, and the forty clients. Part 3: the check for the ACK.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# `read`: `async for frame in ws`, inside an `async with asyncio.TaskGroup() as commands`. Op 11:
# `self.acked = True`. A command: `commands.create_task(...)`, so that the client reads on. `heart`:
# first sleep for `interval * random.random()`. Then a `while self.acked`: set `self.acked` to False,
# send the heartbeat, and sleep for one interval.
# </details>
# <details><summary>Hint 4: commands are missing, or a good connection is closed?</summary>
#
# Then ACKs arrive and are not read, because `read` waits for a command. Or `acked` is set to
# False *after* the heartbeat was sent: an ACK may be faster than your next line.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("heartbeat")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Op 1 may also come *from* the gateway: "beat now". Add it. How can you test it? (`await
# gw.ask_beat()`, on a gateway of your own: `gw = await servers.gateway()`.)
# </details>

# %% [markdown] exercise="zombie" limit=0.1 stretch=true
# ---
# ## 2 · Come back *(stretch)*
#
# In exercise 1 the client closed its dead connection. Now it must come back. You get `converse`, which
# does exercise 1 on *one* connection:
#
# `await converse(ws, me, first, command)` sends `first`, which is `identify(me)` or `resume(me)`. It sends
# heartbeats, checks the ACKs, notes in `me` what must be remembered, calls the command, and returns when
# the connection is closed. (It is in the folded cell below, and it answers exercise 1, so do that one
# first.)
#
# Write `stay`, which keeps the bot online, connection after connection, **until `me.done` is true**.
# On its first connection the bot sends `identify(me)`. After that it comes back within a second, to
# the same session: `resume(me)`. No message of people may be lost. Limit: hold the loop for less
# than **100 ms** at a time.

# %% setup="zombie_given"
@dataclass
class Me:
    """What a bot remembers, from one connection to the next."""

    url: str
    token: str
    session_id: str = ""  # from READY; "" as long as there is no session
    sequence: int | None = None  # the number of the last event
    done: bool = False  # true after `!goodnight`
    acked: bool = True  # was the last heartbeat acknowledged?
    line: object = None  # the connection that is open now


def identify(me):
    return {"op": 2, "d": {"token": me.token, "intents": 33281, "properties": {}}}


def resume(me):
    return {"op": 6, "d": {"token": me.token, "session_id": me.session_id, "seq": me.sequence}}


def note(me, payload):
    """Note what an event says about the session; True if the bot must handle it."""
    me.sequence = payload["s"]
    if payload["t"] == "READY":
        me.session_id = payload["d"]["session_id"]
    return True

# %% setup="zombie_line" jupyter={"source_hidden": true}
async def beat(ws, me, interval):
    """Exercise 1: the heartbeats."""
    me.acked = True
    await asyncio.sleep(interval * random.random())
    while me.acked:
        me.acked = False
        await ws.send_json({"op": 1, "d": me.sequence})
        await asyncio.sleep(interval)


async def listen(ws, me, command, note):
    """Exercise 1: what arrives. These commands are fast, and run one after the other."""
    async for frame in ws:
        payload = frame.json()
        if payload["op"] == 9:  # no such session; a real client forgets it, and IDENTIFYs again
            return  # (this gateway does not send it here)
        if payload["op"] == 11:
            me.acked = True
        if payload["op"] == 0 and note(me, payload) and payload["t"] == "MESSAGE_CREATE":
            await command(payload["d"]["content"])


async def converse(ws, me, first, command, note=note):
    """Exercise 1: both of them, until the connection is closed or dead."""
    interval = (await ws.receive_json())["d"]["heartbeat_interval"] / 1000
    me.line = ws
    await ws.send_json(first)
    both = [asyncio.create_task(c) for c in (beat(ws, me, interval), listen(ws, me, command, note))]
    done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    await ws.close(code=4000)  # does nothing when it is closed already
    both[0].cancel()
    for part in done:
        with suppress(ConnectionError):  # a beat may have come just after the end
            part.result()

# %% answer="zombie"
async def stay(web, me, command):
    """Keep a bot online until `me.done`; `web.ws_connect(me.url)` opens a connection."""
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
    """The gateway stops sending ACKs for a while."""
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
            f"The bot logged in {seen['ready']} times. A second IDENTIFY starts a new session and "
            "loses what was said in between. RESUME the old session."
        )
    if not seen["ready"] and any(event.get("code") == 4007 for event in gw.log):
        raise WrongValue(
            "The bot sent RESUME, but it had no session yet, so the gateway closed the connection "
            "(4007). On its first connection a bot sends `identify(me)`."
        )
    calm(report)
    if not seen["resumes"]:
        raise WrongValue(
            "The connection was closed, and the bot did not come back. `converse` ends with its "
            "connection; then open the next one, until `me.done`."
        )
    ends, back = ([e["at"] for e in gw.log if e["event"] == x] for x in ("closed", "resumed"))
    away = back[0] - ends[0]
    late = f"The bot came back to the gateway after {away:.2f} s; the limit is 1 s."
    too_late(report, away, 1.0, late)
    if report.value != [*lines, "!goodnight"]:
        raise WrongValue(f"The bot heard {report.value}; expected {[*lines, '!goodnight']}.")

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
# When a new connection is open: how does the bot know whether it has a session already?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 4, `cut_off`: it calls `connected` twice, the second time with `resume`.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# `while not me.done:`, in it `async with web.ws_connect(me.url) as ws:`, in it `converse`. `first`
# is `resume(me)` if `me.session_id` is not empty.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("zombie")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# The gateway is down for a minute, and your loop tries a thousand times per second. Wait a little
# longer after each failed try. (And not every bot for the same time: jitter again.)
# </details>

# %% [markdown] exercise="resume" limit=0.1 stretch=true
# ---
# ## 3 · Once and only once *(stretch)*
#
# When a connection breaks and the client RESUMEs, the gateway may send events that the client has
# already had. (Our gateway also doubles some on purpose.) The client of exercise 2 notes the number of
# each event, and comes back with it. But it does not see that it had an event **before**. (Then a
# `!buy` would be done twice.)
#
# Write a better `note`, called `fresh`. It gets each event, and
#
# - notes in `me.sequence` the number of the last event, and in `me.session_id` the session's id,
#   `payload["d"]["session_id"]`, when the event is `READY` (`payload["t"]` says which it is);
# - returns `True` when the event is **new**, and `False` when the bot has had it already. An event
#   is new if its number is *greater* than that of every event before it, in the same session.
#   `READY` begins a new session, in which the numbers start at 1 again. So `READY` is always new.
#
# No event may be lost, and none may be handled twice. Two people may write the same words. `fresh`
# runs on the loop. Limit: hold the loop for less than **100 ms** at a time.

# %% answer="resume"
def fresh(me, payload):
    """Note what the client must remember of an event; return whether the event is new."""
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
    """A bot on a bad network, with at most 40 connections; what it heard until `!goodnight`."""
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
                    first = resume(me) if me.session_id else identify(me)
                    await converse(ws, me, first, command, fresh)
                if me.done:
                    break
    return told


async def stutter(gw, lines):
    """Connections break, events come twice, and each RESUME replays two old events as well."""
    await gw.until(ready=1)
    await gw.faults(drop=0.15, duplicate=0.5, again=2, seed=random.randint(1, 10**6))
    for number, line in enumerate(lines):
        await gw.say(line, author=random.choice(["ada", "bo", "cy"]))
        if number == 1:
            await gw.drop()
    await asyncio.sleep(0.1)
    back = gw.resumes + 1
    await gw.drop()  # now that the bot has had several events: two of them come once more
    await gw.until(resumes=back, timeout=1)
    await gw.faults()
    await gw.say("!goodnight")

# %% setup="resume_judged" jupyter={"source_hidden": true}
def once_each(report, gw, lines):
    """Raise WrongValue unless each message was handled once, in order."""
    calm(report)
    said, heard = Counter([*lines, "!goodnight"]), Counter(report.value)
    logins = gw.counters()["ready"]
    if logins and not report.value:
        raise WrongValue(
            f"{lines[0]!r} was said {said[lines[0]]} time(s) and handled 0 times: `fresh` returned "
            "False for every event. Compare the number with the last one first, then note it."
        )
    for line in (*lines, "!goodnight"):
        if heard[line] > said[line]:
            raise WrongValue(
                f"{line!r} was said {said[line]} time(s) and handled {heard[line]} times. If the "
                "number of an event is not greater than the last one, the bot has had this event."
            )
        if heard[line] < said[line]:
            again = f" The bot logged in {logins} times: note the session's id." * (logins > 1)
            raise WrongValue(
                f"{line!r} was said {said[line]} time(s) and handled {heard[line]} times.{again}"
            )
    if report.value != [*lines, "!goodnight"]:
        raise WrongValue(
            f"The bot handled {report.value}; expected the order in which people wrote: "
            f"{[*lines, '!goodnight']}."
        )

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
# The gateway numbers its events 1, 2, 3. Your last event had number 7. What do you know about an
# event with number 7? And with number 5?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 4: the careless number, and the text below it.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# First compare: `payload["s"] <= me.sequence` means old. (At the beginning `me.sequence` is None.)
# Then note. Compare numbers, not texts: people repeat themselves.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("resume")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# The bot itself is restarted, and `me` is gone. Where could you keep `sequence`, so that even then
# nothing is done twice? (Unit 08 has a place for it.)
# </details>

# %% [markdown]
# ---
# **Done?** Click **Validate** above this notebook, or run `python3 -m autograder check
# work/13_by_hand/13_by_hand.ipynb` in the course folder. Both run all tests, also the hidden
# ones, as your instructor would.
