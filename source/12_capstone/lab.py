# The lab of unit 12: five levels. A blocking answer holds the loop for 0.45 s or more, 4.5 times the
# limit of 0.1 s; `rank` is sized at run time, to 0.35 s. The pool of the evenings has five threads,
# as on a server with one CPU, so that "everything into the default pool" is late by the same seconds
# on every machine. Measured figures are in design.md.

# %% [markdown]
# # Lab 12 · The bot that survives
#
# Two levels are the core (90 points), the other three are optional (50). You decide where each job
# of a command goes. The answer cells have the commands **as they are now**: delete the `raise`
# line, and repair what is below it. You pass levels 1 to 3 when
#
# - the bot kept its connection, and **no code held the loop for 100 ms**;
# - every message got the right answer, once;
# - the database has exactly what the bot said.
#
# Levels 4 and 5 say themselves what they check.

# %% setup="tools" jupyter={"source_hidden": true}
import asyncio
import random
import sqlite3
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from multiprocessing import get_context
from types import SimpleNamespace

import aiohttp
import discord
import requests
from discord.ext import commands

from autograder import watch, world
from autograder.testing import (
    Connections,
    Inconclusive,
    WrongValue,
    kept,
    reached,
    sized,
    wrong,
)

servers = await world.start("http", "sqlite")

# %% [markdown]
# ## The skeleton
#
# Your commands share `HALL`: the address of a web server, an open aiohttp session for it, and the
# path of the SQLite file with the points.

# %% setup="skeleton"
HALL = SimpleNamespace(url="", path="", session=None)


def add_points(path, name, points):
    """Add points to a person's account in the SQLite file at `path`; waits while it is locked."""
    with closing(sqlite3.connect(path, timeout=5)) as db, db:
        db.execute("PRAGMA synchronous = OFF")  # do not wait for the disk
        db.execute("UPDATE xp SET points = points + ? WHERE name = ?", (points, name))

# %% setup="bot" jupyter={"source_hidden": true}
def make_bot(*functions):
    """A discord.py bot with these functions as its commands."""
    bot = commands.Bot("!", intents=discord.Intents.all(), help_command=None)
    for function in functions:
        bot.command()(function)

    @bot.command()
    async def goodnight(ctx):
        await bot.close()

    return bot


async def evening(address, url, path, *names):
    """Run a bot with the commands of these names until `!goodnight`; raise what one raised.

    It lives on a small server with one CPU: the default pool has five threads.
    """
    bot, trouble = make_bot(*(globals()[name] for name in names)), []

    async def note(where, error):
        if not bot.is_closed():  # after `!goodnight`, a reply that is under way is cut off
            trouble.append(getattr(error, "original", error))
            await bot.close()

    bot.on_command_error = note
    world.point(SimpleNamespace(**address))
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(5))
    HALL.url, HALL.path = url, path
    async with aiohttp.ClientSession() as HALL.session, bot:
        await bot.start(address["token"])
    if trouble:
        raise trouble[0]

# %% setup="night" jupyter={"source_hidden": true}
async def accounts(points, most=10**9):
    """Begin a new page in the points file: these people, these points. Return its path.

    The file refuses more than `most` points for one person.
    """
    rows = ", ".join(f"('{name}', {number})" for name, number in points.items())
    number = f"points INTEGER NOT NULL CHECK (points <= {most})"
    table = f"CREATE TABLE xp (name TEXT PRIMARY KEY, {number})"
    return await servers.sqlite.renew(f"{table}; INSERT INTO xp VALUES {rows};")


def booked(expected):
    """Raise WrongValue unless the file holds exactly these points."""
    rows = dict(servers.sqlite.rows("xp", name=str, points=int))
    if rows != expected:
        why = " No balance may fall below 0." * (min(rows.values(), default=0) < 0)
        raise WrongValue(f"The points file has {rows}; expected {expected}.{why}")


async def meanwhile(run, talking):
    """Await a run while people talk; the talk ends with it. Return the report and what it saw."""
    talking = asyncio.ensure_future(talking)
    report = await run
    await asyncio.wait([talking], timeout=0.5 if report.error is None else 0)
    talking.cancel()
    return report, talking.result() if talking.done() and not talking.cancelled() else None


async def look():
    """A moment, and what the file held then: {} when it cannot be read. The bot goes on meanwhile."""
    try:
        rows = asyncio.to_thread(servers.sqlite.rows, "xp", name=str, points=int)
        return time.monotonic(), dict(await rows)
    except WrongValue:
        return time.monotonic(), {}

# %% setup="talk" jupyter={"source_hidden": true}
async def ask(gw, lines, rate):
    """People write these lines, `rate` a second."""
    began = time.monotonic()
    for number, (who, line) in enumerate(lines):
        await asyncio.sleep(began + number / rate - time.monotonic())
        await gw.say(line, author=who)


async def under_way(number):
    """Whether the web server soon has this many requests together; if not, the run can end early."""
    await servers.http.arrived(number, timeout=0.5)
    return servers.http.counters()["peak"] >= number


async def answered(gw, number, patience=1.5):
    """Wait until this many lines are answered, or none was for `patience` seconds."""
    while (have := len(gw.replies)) < number:
        if not await gw.until(replies=have + 1, timeout=patience):
            break


def heard(gw, *expected):
    """Raise WrongValue unless the bot said exactly this, in any order."""
    missing, surplus = Counter(expected), Counter(gw.replies)
    missing, surplus = missing - surplus, surplus - missing
    if missing:
        raise WrongValue(
            f"{missing.total()} of {len(expected)} lines got no answer, or not the right one: the "
            f"bot never said {next(iter(missing))!r}; it said {gw.replies[:3] or 'nothing'}."
        )
    if surplus:
        raise WrongValue(
            f"The bot said {next(iter(surplus))!r} without being asked, or once too often."
        )


def moments(gw, event):
    """When the gateway saw what was said: {content: moment on the clock of this machine}."""
    return {e["content"]: e["at"] for e in gw.log if e["event"] == event}

# %% [markdown] exercise="steady" limit=0.1
# ---
# ## Level 1 · A steady evening: fights while the website writes
#
# `!fight wolf-7` asks a web server how strong a wolf-7 is, books that many points, and says so.
# People ask for 20 fights per second. The server takes half a second per answer, and after
# the first four fights the website locks the points file for about a second.
#
# Limit: hold the loop for less than **100 ms** at a time. The points must be in the file *before*
# the answer.

# %% answer="steady"
async def fight(ctx, monster):
    """Ask `HALL.url/monster` for its "strength", book it, say `ada beats wolf-7: 7 points`."""
    ### BEGIN SOLUTION
    async with HALL.session.get(f"{HALL.url}/{monster}") as page:
        strength = (await page.json())["strength"]
    await asyncio.to_thread(add_points, HALL.path, ctx.author.name, strength)
    return await ctx.send(f"{ctx.author.name} beats {monster}: {strength} points")
    ### END SOLUTION
    # The current version:
    strength = requests.get(f"{HALL.url}/{monster}").json()["strength"]
    add_points(HALL.path, ctx.author.name, strength)
    await ctx.send(f"{ctx.author.name} beats {monster}: {strength} points")

# %% setup="steady_night" jupyter={"source_hidden": true}
async def plan_fights(kinds, count):
    """`count` fights with monsters that are new tonight: lines, answers, accounts, and the url."""
    await servers.http.reset()
    people, night = ["ada", "bo", "cy"], random.randint(1, 10**9)
    before = {name: random.randint(10, 99) for name in people}
    lines, answers, after = [], [], dict(before)
    for number in range(count):
        who, monster = random.choice(people), f"{random.choice(kinds)}-{number}"
        strength = random.randint(1, 99)
        await servers.http.plan(f"/{night}/{monster}", delay=0.45, body={"strength": strength})
        lines.append((who, f"!fight {monster}"))
        answers.append(f"{who} beats {monster}: {strength} points")
        after[who] += strength
    return lines, answers, before, after, f"{servers.http.url}/{night}"


async def steady_talk(gw, lines):
    """20 lines a second; after four the website has the file. From when to when; a later `look`."""
    await gw.until(ready=1)
    await ask(gw, lines[:4], rate=20)
    if not await under_way(2):
        await gw.say("!goodnight")
        return 0.0, 0.0, (0.0, {})
    await servers.sqlite.lock(seconds=5)
    began, _ = time.monotonic(), await ask(gw, lines[4:], rate=20)
    await servers.http.arrived(len(lines), timeout=0.6)
    await gw.until(replies=5, timeout=0.75)  # 0.45 s for the last page: who lies has lied by now
    ended = time.monotonic()
    await servers.sqlite.release()
    await answered(gw, len(lines) // 2)
    looked = await look()
    await answered(gw, len(lines))
    await gw.say("!goodnight")
    return began, ended, looked

# %% setup="steady_check" jupyter={"source_hidden": true}
def side_by_side(gw, report, least):
    """Raise WrongValue when the web server never had `least` requests at the same time."""
    counted = servers.http.counters()
    if not gw.replies or counted["peak"] >= least:
        return
    if not counted["requests"]:
        raise WrongValue(f"The bot said {gw.replies[0]!r}, but never asked the web server for it.")
    wrong(
        report,
        f"The web server never had more than {counted['peak']} request(s) at the same time, although "
        "people do not wait for each other. Look for what makes one command wait for another.",
    )


def true_words(gw, seen, lines, answers, before):
    """Raise WrongValue when points were claimed that were not, or could not be, in the file yet."""
    began, ended, (moment, points) = seen
    asked, said = moments(gw, "say"), moments(gw, "reply")
    claimed = dict(before)
    for (who, _), answer in zip(lines, answers, strict=True):
        claimed[who] += int(answer.split()[-2]) if said[answer] < moment else 0
    if any(points.get(who, 0) < number for who, number in claimed.items()):
        raise WrongValue(
            f"By its answers so far, the file should have {claimed} or more; it had "
            f"{points or 'nothing that could be read'}. First write the points, then answer."
        )
    for (_, line), answer in zip(lines, answers, strict=True):
        if asked[line] > began and said[answer] < ended:
            raise WrongValue(
                f"The bot said {answer!r} while the website still held the file, so the points could "
                "not be in it. First write the points, then answer."
            )

# %% test="steady_visible" points=25
lines, answers, before, after, url = await plan_fights(["wolf", "orc"], 10)
gw = await servers.gateway(heartbeat=0.2, grace=2)
run = watch(evening, gw.address, url, await accounts(before), "fight")
report, seen = await meanwhile(run, steady_talk(gw, lines))
report.responsive(0.1, gateway=gw)
side_by_side(gw, report, 2)
heard(gw, *answers)
booked(after)
true_words(gw, seen, lines, answers, before)
print(f"Right: 25 of 25 points. {report}")

# %% [markdown]
# The hidden test has other people.

# %% test="steady_hidden" points=25
print("The hidden test runs when you check the lab.")
### BEGIN HIDDEN TESTS
lines, answers, before, after, url = await plan_fights(["dragon", "troll", "rat"], 12)
gw = await servers.gateway(heartbeat=0.2, grace=2)
run = watch(evening, gw.address, url, await accounts(before), "fight")
report, seen = await meanwhile(run, steady_talk(gw, lines))
report.responsive(0.1, gateway=gw)
side_by_side(gw, report, 2)
heard(gw, *answers)
booked(after)
true_words(gw, seen, lines, answers, before)
### END HIDDEN TESTS

# %% [markdown] hints="steady"
# <details><summary>Hint 1: a question</summary>
#
# There are three jobs in `fight`. Which of them wait for another program, and do they wait on the
# loop?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# The lesson of this unit, part 2: *a place for each job*. Unit 03, part 3, for the page; unit 08
# for the file.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# Three awaits, in the order of the three jobs: `async with HALL.session.get(...) as page`, then
# `await asyncio.to_thread(...)`, then `await ctx.send(...)`. A thread for `requests.get` is right
# as well.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("steady")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Open the points file once for the whole run, with aiosqlite, instead of once per fight. When must
# you commit?
# </details>

# %% [markdown] exercise="busy" limit=0.1
# ---
# ## Level 2 · A busy evening: 60 commands a second
#
# `!hunt elk-3` asks a guide for the points, through an SDK that blocks for half a second. `!rank 12
# 300000` computes a table of 300,000 players with one big sort. Limit: hold the loop for less than
# **100 ms** at a time, and answer each hunter within **1.5 s**.
#
# The default pool, where `to_thread` sends its work, has **five** threads here. Two more pools are
# made for you: `guides()` is a pool of 40 threads, `others()` a pool of one process.

# %% setup="sdk"
def ask_guide(url):
    """The SDK: how many points the prey at this address brings."""
    return requests.get(url, timeout=10).json()["points"]

# %% setup="jobs"
# %%writefile jobs.py
"""Work for other processes: they import this file."""
from functools import partial


def best_three(season, players):
    """The numbers of the three best players; a score is season ** number, modulo a prime."""
    score = partial(pow, season, mod=998_244_353)
    return sorted(range(players), key=score, reverse=True)[:3]

# %% setup="pool"
from functools import cache

from jobs import best_three


@cache
def guides():
    """A pool with 40 threads, made at its first use and kept."""
    return ThreadPoolExecutor(40, thread_name_prefix="guide")


@cache
def others():
    """A pool with one other process, made at its first use and kept."""
    return ProcessPoolExecutor(1, get_context("spawn"))

# %% answer="busy"
async def hunt(ctx, prey):
    """Ask the guide at `HALL.url/prey`, book the points, say `ada gets elk-3: 7 points`."""
    ### BEGIN SOLUTION
    loop = asyncio.get_running_loop()
    points = await loop.run_in_executor(guides(), ask_guide, f"{HALL.url}/{prey}")
    await asyncio.to_thread(add_points, HALL.path, ctx.author.name, points)
    return await ctx.send(f"{ctx.author.name} gets {prey}: {points} points")
    ### END SOLUTION
    # The current version:
    points = ask_guide(f"{HALL.url}/{prey}")
    add_points(HALL.path, ctx.author.name, points)
    await ctx.send(f"{ctx.author.name} gets {prey}: {points} points")


async def rank(ctx, season: int, players: int):
    """Say `season 12: [7, 91, 4]`, if these are the three that `best_three(...)` returns."""
    ### BEGIN SOLUTION
    loop = asyncio.get_running_loop()
    best = await loop.run_in_executor(others(), best_three, season, players)
    return await ctx.send(f"season {season}: {best}")
    ### END SOLUTION
    # The current version:
    await ctx.send(f"season {season}: {best_three(season, players)}")

# %% setup="busy_night" jupyter={"source_hidden": true}
async def plan_hunts(kinds, count, players):
    """`count` hunts and one table of the season: lines, answers, accounts, the web's url."""
    await servers.http.reset()
    people, night = ["ada", "bo", "cy"], random.randint(1, 10**9)
    before = {name: random.randint(10, 99) for name in people}
    lines, answers, after = [], [], dict(before)
    for number in range(count):
        who, prey = random.choice(people), f"{random.choice(kinds)}-{number}"
        points = random.randint(1, 99)
        await servers.http.plan(f"/{night}/{prey}", delay=0.45, body={"points": points})
        lines.append((who, f"!hunt {prey}"))
        answers.append(f"{who} gets {prey}: {points} points")
        after[who] += points
    lines.insert(count // 3, ("cy", f"!rank {number} {players}"))
    answers.insert(count // 3, f"season {number}: ")  # its end is computed when all is over
    return lines, answers, before, after, f"{servers.http.url}/{night}"

def with_table(answers, players):
    """The answers, with the table of the season in its place."""
    season = len(answers) - 2
    table = f"season {season}: {best_three(season, players)}"
    return [table if answer.startswith("season") else answer for answer in answers]

# %% setup="busy_check" jupyter={"source_hidden": true}
POOL, ROOM = 5, 20  # threads: see `evening`; an answer with room for 20 requests is not too slow


async def busy_talk(gw, lines):
    """60 lines a second. If too few requests are under way, the run ends early."""
    await gw.until(ready=1)
    await ask(gw, lines[:3], rate=60)
    if await under_way(2):
        await ask(gw, lines[3:], rate=60)
        if not await gw.until(replies=len(lines), timeout=1.8):
            if servers.http.counters()["peak"] > POOL + 3:
                await answered(gw, len(lines), patience=10)
    await gw.say("!goodnight")


def in_time(gw, report, lines, answers, peak):
    """Raise WrongValue when a person waited for more than 1.5 s because of too few threads."""
    asked, answered = moments(gw, "say"), moments(gw, "reply")
    waits = [
        answered.get(answer, float("inf")) - asked[line]
        for (_, line), answer in zip(lines, answers, strict=True)
        if line in asked and "!hunt" in line
    ]
    late = sum(wait > 1.5 for wait in waits)
    if not late or peak >= ROOM:
        return
    if peak > POOL + 3 and report.late_by_machine > 0.05:
        raise Inconclusive("This machine was too busy to time a busy evening: run it again.")
    raise WrongValue(
        f"{late} of {len(waits)} hunters waited for more than 1.5 s. The guide takes 0.45 s, and "
        f"never had more than {peak} requests at the same time. Use a pool with more threads."
    )

# %% test="busy_visible" points=20
players = sized(partial(best_three, 7), 50_000, seconds=0.35)
lines, answers, before, after, url = await plan_hunts(["elk", "boar"], 40, players)
gw = await servers.gateway(heartbeat=0.2, grace=4)
run = watch(evening, gw.address, url, await accounts(before), "hunt", "rank")
report, _ = await meanwhile(run, busy_talk(gw, lines))
report.responsive(0.1, gateway=gw)
side_by_side(gw, report, 2)
in_time(gw, report, lines, answers, servers.http.counters()["peak"])
heard(gw, *with_table(answers, players))
booked(after)
print(f"Right: 20 of 20 points. {report}")

# %% [markdown]
# The hidden test has other people.

# %% test="busy_hidden" points=20
print("The hidden test runs when you check the lab.")
### BEGIN HIDDEN TESTS
players = sized(partial(best_three, 7), 50_000, seconds=0.35)
lines, answers, before, after, url = await plan_hunts(["hare", "fox", "crow"], 45, players)
gw = await servers.gateway(heartbeat=0.2, grace=4)
run = watch(evening, gw.address, url, await accounts(before), "hunt", "rank")
report, _ = await meanwhile(run, busy_talk(gw, lines))
report.responsive(0.1, gateway=gw)
side_by_side(gw, report, 2)
in_time(gw, report, lines, answers, servers.http.counters()["peak"])
heard(gw, *with_table(answers, players))
booked(after)
### END HIDDEN TESTS

# %% [markdown] hints="busy"
# <details><summary>Hint 1: a question</summary>
#
# 60 hunters come per second, and each waits for 0.45 s. How many wait at the same time? How many
# can wait in each of the pools?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Unit 05: a pool of its own for an SDK; and the job that needs a process, because one call to C
# code keeps the GIL. `sorted` is such a call.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# `await loop.run_in_executor(pool, function, argument)` for the guide and for `best_three`, each
# with its own pool. `await asyncio.to_thread(function, ...)` for the file, which takes a
# millisecond. You may also ask the guide's address with `HALL.session`, without the SDK.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("busy")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Do `rank` without another process: take a few thousand players at a time, keep the best three of
# them with `heapq.nlargest`, and give the loop a turn in between. What does it cost?
# </details>

# %% [markdown] exercise="burst" limit=0.1 stretch=true
# ---
# ## Level 3 · A burst, and the connection breaks
#
# *A stretch exercise.* `!gift bo 5` moves five points from the person who wrote it to bo, if the giver
# has at least five. Now everyone gives at the same time, the website locks the file, and in the middle
# of it the **connection breaks**. The bot resumes, and the gateway replays what the bot missed. Some
# messages **come twice**: this gateway does that on purpose, because Discord does not promise that it
# never happens. At the end the file must be exactly right.
#
# `gift` has three faults that you see only on a busy evening. No person may ever give more than they
# have. A message that comes twice (its `ctx.message.id` is the same) counts once, and gets one
# answer. And a gift is all or nothing: the file refuses more than 999 points for one person, with
# an error, and then the giver keeps everything. (Let the error out, or answer: in this case only the
# file is checked.) Limit: hold the loop for less than **100 ms** at a time.
#
# If you use an `asyncio.Lock`, keep it on `ctx.bot`. Each run has a new loop: a lock made above `gift`
# works in the first run only.

# %% setup="balance"
def balance(path, name):
    """How many points a person has; waits while the file is locked."""
    with closing(sqlite3.connect(path, timeout=5)) as db:
        return db.execute("SELECT points FROM xp WHERE name = ?", (name,)).fetchone()[0]

# %% answer="burst"
async def gift(ctx, taker, points: int):
    """Move points from the author to `taker`: all or nothing, never below 0, once a message.

    Say `ada gives bo 5 points`, or `ada cannot give 5 points`.
    """
    giver = ctx.author.name
    ### BEGIN SOLUTION
    # `ctx.bot.seen` is a set that belongs to this bot, made at the first gift.
    if ctx.message.id in vars(ctx.bot).setdefault("seen", set()):
        return
    ctx.bot.seen.add(ctx.message.id)

    def move():
        take = "UPDATE xp SET points = points - ? WHERE name = ? AND points >= ?"
        give = "UPDATE xp SET points = points + ? WHERE name = ?"
        with closing(sqlite3.connect(HALL.path, timeout=5)) as db, db:
            enough = db.execute(take, (points, giver, points)).rowcount
            db.execute(give, (points if enough else 0, taker))
        return enough

    enough = await asyncio.to_thread(move)
    says = f"gives {taker}" if enough else "cannot give"
    return await ctx.send(f"{giver} {says} {points} points")
    ### END SOLUTION
    # The current version:
    if await asyncio.to_thread(balance, HALL.path, giver) < points:
        return await ctx.send(f"{giver} cannot give {points} points")
    await asyncio.to_thread(add_points, HALL.path, giver, -points)
    await asyncio.to_thread(add_points, HALL.path, taker, points)
    await ctx.send(f"{giver} gives {taker} {points} points")

# %% setup="burst_night" jupyter={"source_hidden": true}
def plan_gifts(each, points, *people):
    """Each giver of (giver, taker, balance) gives `each` times, as long as there are points: lines,
    answers, accounts before and after."""
    before, after, lines, answers = {}, {}, [], []
    for giver, taker, has in people:
        before[giver] = has
        before.setdefault(taker, 0)
    after = dict(before)
    for giver, taker, has in people:
        lines += [(giver, f"!gift {taker} {points}")] * each
        given = min(each, has // points)
        answers += [f"{giver} gives {taker} {points} points"] * given
        answers += [f"{giver} cannot give {points} points"] * (each - given)
        after[giver] -= given * points
        after[taker] += given * points
    random.shuffle(lines)
    return lines, answers, before, after


async def burst_talk(gw, lines):
    """All give together; the file is locked, the connection breaks, half of the events come twice."""
    await gw.until(ready=1)
    await gw.faults(duplicate=0.5, seed=random.randint(1, 10**6))
    await servers.sqlite.lock(seconds=0.45)
    middle = len(lines) // 2
    for who, line in lines[:middle]:
        await gw.say(line, author=who)
    await gw.drop()
    for who, line in lines[middle:]:
        await gw.say(line, author=who)
    await gw.until(resumes=1, timeout=3)
    await answered(gw, len(lines))
    await asyncio.sleep(0.5)  # an answer too many would come now, on a busy machine as well
    await gw.faults()
    await gw.say("!goodnight")

# %% test="burst_visible" points=15
lines, answers, before, after = plan_gifts(16, 5, ("ada", "bo", 45))
gw = await servers.gateway(heartbeat=0.2, grace=2)
run = watch(evening, gw.address, "", await accounts(before), "gift")
report, _ = await meanwhile(run, burst_talk(gw, lines))
report.responsive(0.1, gateway=gw)
booked(after)
heard(gw, *answers)


async def give_too_much(gw):
    """ada gives to bo, who has 999 points: the command raises the file's error, or answers."""
    await gw.until(ready=1)
    await gw.say("!gift bo 5", author="ada")
    await gw.until(replies=1, timeout=3)
    await gw.say("!goodnight")


gw, before = await servers.gateway(heartbeat=0.2, grace=2), {"ada": 45, "bo": 999}
run = watch(evening, gw.address, "", await accounts(before, most=999), "gift")
await meanwhile(run, give_too_much(gw))
if (rows := dict(servers.sqlite.rows("xp", name=str, points=int))) != before:
    raise WrongValue(
        f"ada gave bo 5 points, and the file refused them because bo had 999. Now it has {rows}; "
        f"expected {before}. A gift is all or nothing: put both updates into one transaction."
    )
print(f"Right: 15 of 15 points. {report}")

# %% [markdown]
# The hidden test has more givers than one.

# %% test="burst_hidden" points=15
print("The hidden test runs when you check the lab.")
### BEGIN HIDDEN TESTS
gifts = ("ada", "cy", 7 * random.randint(3, 5)), ("bo", "dan", 7 * random.randint(2, 4) + 3)
lines, answers, before, after = plan_gifts(10, 7, *gifts)
gw = await servers.gateway(heartbeat=0.2, grace=2)
run = watch(evening, gw.address, "", await accounts(before), "gift")
report, _ = await meanwhile(run, burst_talk(gw, lines))
report.responsive(0.1, gateway=gw)
booked(after)
heard(gw, *answers)
### END HIDDEN TESTS

# %% [markdown] hints="burst"
# <details><summary>Hint 1: a question</summary>
#
# Between the look at the balance and its change there is an `await`. What runs there? And how can you
# see that a message came before?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# The lesson of this unit, part 3, for messages that come twice; unit 09, part 1, for the purchases.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# At the very beginning, look into a set of message ids and add to it, *without an await in between*.
# Then one function for a thread, with both updates in one `with closing(...) as db, db:`, which is one
# transaction. The first update is `UPDATE ... WHERE points >= ?`, whose `rowcount` says whether it
# happened. (You may also use an `asyncio.Lock` around look and change. Make it in the first gift, and
# keep it as an attribute of `ctx.bot`.)
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("burst")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# The bot forgets a set of ids at the next start. Write the id into a table of the same file, in the same
# transaction. What does that guarantee that the set cannot?
# </details>

# %% [markdown] exercise="poison" limit=0.1 stretch=true
# ---
# ## Level 4 · The poisoned order
#
# *A stretch exercise.* `!brew frog` orders a potion. The kitchen has one pot, so the orders wait in
# a queue, and one worker serves them in turn. In the current version, one bad order ends the worker, and
# no later order is served.
#
# `brew` is a coroutine function. For some potions it raises an exception of any kind (but never a
# TimeoutError of its own); for some it never returns. Write a worker that serves all the others, in their
# order. Limit: hold the loop for less than **100 ms** at a time.

# %% answer="poison"
async def worker(orders, brew, say):
    """Serve the (who, potion) of the queue `orders` in turn, until this task is cancelled.

    For each order, `await say(...)` one line, then call `orders.task_done()`. The line is
    `ada: tea is ready` if `await brew(potion)` returned `tea is ready`; `ada: it exploded` if it
    raised an exception; `ada: it never boils` if it has not returned after 0.3 s.
    """
    ### BEGIN SOLUTION
    while True:
        who, potion = await orders.get()
        try:
            async with asyncio.timeout(0.3):
                said = await brew(potion)
        except TimeoutError:
            said = "it never boils"
        except Exception:
            said = "it exploded"
        await say(f"{who}: {said}")
        orders.task_done()
    ### END SOLUTION
    # The current version:
    while True:
        who, potion = await orders.get()
        await say(f"{who}: {await brew(potion)}")
        orders.task_done()

# %% setup="poison_kitchen" jupyter={"source_hidden": true}
async def kitchen(menu, orders):
    """Let `worker` serve orders. `menu`: potion -> a text, the exception it raises, or "never"."""
    said, queue = [], asyncio.Queue()

    async def brew(potion):
        await asyncio.sleep(0.01)
        if menu[potion] == "never":
            await asyncio.Event().wait()
        if menu[potion] in ERRORS:
            raise ERRORS[menu[potion]](potion)
        return menu[potion]

    async def say(text):
        said.append(text)

    for order in orders:
        queue.put_nowait(order)
    task, served = asyncio.create_task(worker(queue, brew, say)), asyncio.create_task(queue.join())
    await asyncio.wait([task, served], timeout=1.5, return_when=asyncio.FIRST_COMPLETED)
    died = repr(task.exception()) if task.done() and not task.cancelled() else ""
    if died == "NotImplementedError()":
        await task
    finished, words, waiting = served.done(), list(said), queue.qsize()
    if finished and not died:  # at the end of the run the worker is brewing
        menu["the last"] = "never"
        queue.put_nowait(("dee", "the last"))
        await asyncio.sleep(0.05)
    served.cancel()
    task.cancel()
    await asyncio.wait([task], timeout=0.3)
    ended = task.cancelled() or (task.done() and not task.exception() and said == words)
    return words, died, waiting, finished, ended


ERRORS = {error.__name__: error for error in (ValueError, KeyError, ZeroDivisionError, OSError)}

# %% setup="poison_check" jupyter={"source_hidden": true}
def served(report, expected):
    """Raise WrongValue unless these words were said, and the worker lived until it was stopped."""
    said, died, waiting, finished, ended = report.value
    if died:
        end = "The worker returned" if died == "None" else f"{died} ended the worker"
        how = "Keep the worker running when one order fails"
        raise WrongValue(f"{end}, so {waiting} order(s) are never served. {how}.")
    if len(said) < len(expected) and not finished:
        wrong(
            report,
            f"After 1.5 s the worker had served {len(said)} of {len(expected)} orders: {said}. Put a "
            "time limit around each order.",
        )
    if said[: len(expected)] == expected and not ended:
        raise WrongValue(
            "The worker was cancelled, but it went on. Its `except` must not catch CancelledError."
        )
    if said != expected:
        raise WrongValue(f"The kitchen said {said}; expected {expected}.")
    if not finished:
        raise WrongValue(
            "All orders are served, but `orders.join()` still waits: call `task_done()` each time."
        )

# %% test="poison_visible" points=5
menu = {"tea": "tea is ready", "frog": "ValueError", "dragon": "never"}
orders = [("ada", "tea"), ("bo", "frog"), ("cy", "dragon"), ("ada", "tea")]
report = await watch(kitchen, menu, orders)
report.responsive(0.1)
served(report, ["ada: tea is ready", "bo: it exploded", "cy: it never boils", "ada: tea is ready"])
print(f"Right: 5 of 5 points. {report}")

# %% [markdown]
# The hidden test has another menu, and other exceptions.

# %% test="poison_hidden" points=5
print("The hidden test runs when you check the lab.")
### BEGIN HIDDEN TESTS
menu = {"soup": "soup is ready", "toad": "KeyError", "bat": "ZeroDivisionError", "rock": "never"}
menu |= {"newt": "OSError", "milk": f"milk, {random.randint(2, 99)} drops"}
orders = [(random.choice(["ada", "bo", "cy"]), potion) for potion in random.sample(list(menu), 6)]
orders += [("cy", "milk"), ("bo", "soup")]
words = {"never": "it never boils"} | dict.fromkeys(ERRORS, "it exploded")
report = await watch(kitchen, menu, orders)
report.responsive(0.1)
served(report, [f"{who}: {words.get(menu[potion], menu[potion])}" for who, potion in orders])
### END HIDDEN TESTS

# %% [markdown] hints="poison"
# <details><summary>Hint 1: a question</summary>
#
# An exception that the task does not catch ends it. Which line of the worker may raise, and where must
# the `try` be so that the `while` goes on?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# The lesson of this unit, part 4. Unit 06 for `asyncio.timeout`, and for what an `except` must not
# catch.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# `try:` with `async with asyncio.timeout(0.3):` around `brew` alone; `except TimeoutError`, then
# `except Exception`; after them `say` and `task_done`. Not `except:`, which catches the
# cancellation as well.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("poison")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# What if a bad order does not wait but *computes* forever, in a loop of plain Python? Does your timeout
# end it? Where would that job have to go?
# </details>

# %% [markdown] exercise="closing" limit=0.1 stretch=true
# ---
# ## Level 5 · Closing time
#
# *A stretch exercise.* The host restarts, and the bot has one second. Serve every accepted order that
# is ready within 0.5 s, and leave nothing behind: no task, no thread, no open connection. Write
# `shutdown`; this time you start from an empty cell. Limit: hold the loop for less than **100 ms** at a
# time.

# %% answer="closing"
async def shutdown(hall):
    """Close the hall within one second, in this order:

    - wait until all in the queue `hall.orders` is done (`join`), but not longer than 0.5 s;
    - cancel every task in the list `hall.tasks`, and wait until each has ended;
    - close the aiohttp session `hall.session`;
    - end the pool `hall.pool`: its threads may need half a second more; wait for them, but not on
      the loop.
    """
    ### BEGIN SOLUTION
    try:
        async with asyncio.timeout(0.5):
            await hall.orders.join()
    except TimeoutError:
        pass
    for task in hall.tasks:
        task.cancel()
    await asyncio.gather(*hall.tasks, return_exceptions=True)
    await hall.session.close()
    await asyncio.to_thread(hall.pool.shutdown)
    ### END SOLUTION

# %% setup="closing_hall" jupyter={"source_hidden": true}
async def serve(hall, served):
    """A worker of the hall: each order is a page that takes a while."""
    while True:
        page = await hall.orders.get()
        async with hall.session.get(f"{hall.url}/{page}") as answer:
            served.append((await answer.json())["dish"])
        hall.orders.task_done()


async def announce(hall, farewells):
    """Waits until it is cancelled; then it needs a moment for its last message."""
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.05)
        farewells.append("too late" if hall.session.closed else "good night")


def the_door():
    """Counts the connections to the web server that are still open when the hall has closed."""
    return Connections(lambda: servers.http.counters()["open_connections"])


def door_closed(door):
    """Raise WrongValue when connections were still open after `shutdown`."""
    if door.left > 0:
        raise WrongValue(
            f"The session is marked as closed, but {door.left} of its connections to the web server "
            "were still open 1 s later. `await hall.session.close()` closes them."
        )

# %% setup="closing_time" jupyter={"source_hidden": true}
async def last_orders(address, url, pages):
    """Open a hall with these orders, close it with `shutdown`, and return what is left of it.

    When it has closed, the test looks as well, while this loop goes on.
    """
    served, farewells = [], []
    hall = SimpleNamespace(url=url, orders=asyncio.Queue(), pool=ThreadPoolExecutor(2))
    async with aiohttp.ClientSession() as hall.session:
        hall.tasks = [asyncio.create_task(serve(hall, served), name=f"worker {n}") for n in (1, 2)]
        hall.tasks.append(asyncio.create_task(announce(hall, farewells), name="announcer"))
        job = hall.pool.submit(time.sleep, 0.5)
        for page in pages:
            hall.orders.put_nowait(page)
        await asyncio.sleep(0.05)
        began = time.monotonic()
        try:
            await asyncio.wait_for(shutdown(hall), 1.8)
        except TimeoutError:
            return None
        took = time.monotonic() - began
        left = sorted(task.get_name() for task in hall.tasks if not task.done())
        alive = sum(thread.is_alive() for thread in hall.pool._threads)
        async with reached(address) as outside:
            await outside.ask("closed")
        return served, farewells, left, alive, hall.session.closed, took, job.done()

# %% setup="closing_check" jupyter={"source_hidden": true}
def closed_well(report, dishes):
    """Raise WrongValue for an order that was dropped, and for what is left behind."""
    if report.error and report.error[0] == "CancelledError":
        raise WrongValue(
            "`shutdown` ended with a CancelledError before its end: `await` of a cancelled task "
            "raises it. Use `gather(..., return_exceptions=True)`."
        )
    report.responsive(0.1)
    if report.value is None:
        sentence = "`shutdown` was still running after 1.8 s; the limit is 1 s."
        wrong(report, f"{sentence} Put a time limit around each wait.")
    served, farewells, left, threads, closed, took, done = report.value
    if sorted(served) != sorted(dishes):
        raise WrongValue(f"Served: {served}; ordered before closing time: {sorted(dishes)}.")
    if left:
        raise WrongValue(f"Still running after `shutdown`: {', '.join(left)}. Await each task.")
    if farewells == ["too late"]:
        raise WrongValue(
            "The session was closed before a cancelled task had ended: `cancel()` only asks a task "
            "to end. Await each task before you close what it uses."
        )
    if farewells != ["good night"]:
        raise WrongValue("The announcer did not say good night: cancel it, and await it.")
    if not closed:
        raise WrongValue("The session is still open, and so are its connections.")
    if threads or not done:
        raise WrongValue(f"{threads} thread(s) of the pool still run after `shutdown`.")
    if took > 1:
        wrong(report, f"The hall was closed after {took:.2f} s; the limit is 1 s.")

# %% test="closing_visible" points=5
await servers.http.reset()
url = f"{servers.http.url}/{random.randint(1, 10**9)}"
for dish in ("soup", "bread", "tea"):
    await servers.http.plan(f"/{url.split('/')[-1]}/{dish}", delay=0.1, body={"dish": dish})
async with kept(door := the_door()) as address:
    report = await watch(last_orders, address, url, ["soup", "bread", "tea"])
closed_well(report, ["soup", "bread", "tea"])
door_closed(door)
print(f"Right: 5 of 5 points. {report}")

# %% [markdown]
# In the hidden test one dish is never ready.

# %% test="closing_hidden" points=5
print("The hidden test runs when you check the lab.")
### BEGIN HIDDEN TESTS
await servers.http.reset()
night = f"/{random.randint(1, 10**9)}"
for dish in ("stew", "wine", "milk"):
    await servers.http.plan(f"{night}/{dish}", delay=0.1, body={"dish": dish})
await servers.http.hold(f"{night}/ox")
url, menu = servers.http.url + night, ["ox", "stew", "wine", "milk"]
async with kept(door := the_door()) as address:
    report = await watch(last_orders, address, url, menu)
closed_well(report, menu[1:])
door_closed(door)
### END HIDDEN TESTS

# %% [markdown] hints="closing"
# <details><summary>Hint 1: a question</summary>
#
# `task.cancel()` only *asks* a task to end. When has it ended? And `pool.shutdown()` waits: on
# which thread?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# The lesson of this unit, part 5. Unit 09 for draining a queue, unit 06 for cancelling.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# `async with asyncio.timeout(0.5)` around `join()`, and catch the TimeoutError. Cancel each task in
# a `for` loop, then await them all with one `gather(..., return_exceptions=True)`. Then `await
# hall.session.close()`. Last, `await asyncio.to_thread(hall.pool.shutdown)`.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("closing")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# What sends the signal? Find out what your host sends (SIGTERM, mostly), and call such a `shutdown`
# from `loop.add_signal_handler`, or override your bot's `close`.
# </details>

# %% [markdown]
# ---
# **Done?** Click **Validate** above this notebook, or run `python3 -m autograder check
# work/12_capstone/12_capstone.ipynb`. Then audit your own bot: `work/toolbox/audit.ipynb`.
