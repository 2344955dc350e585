# The lab of unit 09. The web server holds its replies, lets them go one by one and looks who comes
# next; PostgreSQL holds rows, and the examiner looks what the others can still do. No verdict rests on
# a clock but Discord's own 3 s. Waits for something that must come: 1 s; right answers came after 1 to
# 52 ms (two cores, a load of 16). PostgreSQL ends a deadlock after 1 s (its default). Each test makes
# its table again.

# %% [markdown]
# # Lab 09 · One at a time, where it matters
#
# There are five exercises, 95 points; the fifth (20 points) is a stretch exercise. Run the cells in
# order, from the top.
#
# Write your program into each **answer cell**, in place of `raise NotImplementedError()`, then run
# the **test cell** below it. A web server holds its replies back and checks which request comes next,
# PostgreSQL has the accounts, and people click on a live gateway. The tests do not read your source,
# so *every* program passes that does the work and leaves the loop free. A hidden test does the same
# with other inputs.
#
# If a test fails, its message says what happened and where. Stuck? Each exercise has hints below it.
# They cost no points. The folded cells have what the tests need.

# %% setup="tools" jupyter={"source_hidden": true}
import asyncio
import gc
import itertools
import random
import time
from collections import namedtuple
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace

import aiohttp
import asyncpg
import discord
from discord.ext import commands

from autograder import watch, world
from autograder.testing import OURS, Inconclusive, WrongValue, beside, right, wrong

servers = await world.start("http")

# %% setup="verdicts" jupyter={"source_hidden": true}
NAMES = "ada bo cy dee eve fay gus hal ivy jo kim lou max nan oz".split()


def came_to_an_end(report, said):
    """Raise what is wrong with a run that its timeout ended, though nothing held the loop."""
    if report.error and report.error[0] == "TimeoutError" and report.longest_block < 0.1:
        wrong(report, said or f"It {report.error[1]}: a task waits forever.")


# %% setup="fetching" jupyter={"source_hidden": true}
async def fetch(url):
    """Return the JSON that a page sends; raise aiohttp.ClientError when it sends an error."""
    async with aiohttp.ClientSession() as session, session.get(url) as page:
        page.raise_for_status()
        return await page.json()


async def under_way():
    """The paths that have been asked for and not yet answered."""
    return [e["path"] for e in await servers.http.log() if "seconds" not in e]


async def put_up(paths):
    """Put up pages that are held back."""
    await servers.http.reset()
    for path in paths:
        await servers.http.hold(path=path)


async def let_go(paths):
    """Answer what is held, and hold no more."""
    for path in paths:
        with suppress(Exception):  # some are not held any more
            await servers.http.release(path)

# %% [markdown]
# ---
# ## 1 · One job per person at a time
#
# People press buttons faster than the shop answers. The jobs of ada's clicks must run one after the
# other, in the order of her clicks. If not, she buys two swords with the money for one. But bo's jobs
# must not wait for hers.
#
# **Worked example.** This is safe, but slow: each person waits for all others.
#
# ```python
# one_for_all = asyncio.Lock()  # a good place in a bot, which has one loop
#
# async def in_turn(user, job):
#     async with one_for_all:
#         return await job()
# ```

# %% [markdown] exercise="in_turn" limit=0.1
# **Your turn.** Write `in_turn` so that only jobs of the same user wait for each other. Users come and
# go, and a bot runs for months: **keep nothing** of a user who has no job. Limit: hold the loop for less
# than 100 ms at a time.

# %% answer="in_turn"
turns = {}  # your data about users; nothing stays here of a user who has no job


async def in_turn(user, job):
    """Return what `await job()` returns, or raise what it raises.

    Jobs of the same user (a str) run one after the other, in the order of the calls, also after
    one of them has failed. Jobs of different users do not wait for each other. When no job of a
    user is running or waiting, nothing is kept of that user.
    """
    ### BEGIN SOLUTION
    lock, guests = turns.get(user, (asyncio.Lock(), 0))
    turns[user] = lock, guests + 1
    try:
        async with lock:
            return await job()
    finally:
        lock, guests = turns.pop(user)
        if guests > 1:
            turns[user] = lock, guests - 1
    ### END SOLUTION

# %% setup="in_turn_crowd" jupyter={"source_hidden": true}
async def crowd(url, lines):
    """All click at the same time, in this order; return what each one got, how many jobs of one user
    ran at the same time when a third came late, and how much was kept."""

    async def click(user, page):
        try:
            return await in_turn(user, lambda: fetch(url + page))
        except aiohttp.ClientError:
            return "an error"

    got = await asyncio.gather(*(asyncio.create_task(click(*line)) for line in lines))
    return got, await latecomer(), await kept(300)


async def latecomer():
    """How many jobs of a user run together when a third comes after the first, while one waited."""
    running = [0]

    async def job():
        running.append(running[-1] + 1)
        await asyncio.sleep(0.02)
        running.append(running[-1] - 1)

    first, second = [asyncio.create_task(in_turn("a latecomer", job)) for _ in range(2)]
    await first
    await asyncio.gather(second, in_turn("a latecomer", job))
    return max(running)

# %% setup="in_turn_kept" jupyter={"source_hidden": true}
async def kept(number):
    """How many objects are left when this many guests have come and gone, two clicks each; one job
    in four fails."""
    fails = itertools.cycle([False, False, False, True])

    async def job():
        await asyncio.sleep(0)
        if next(fails):
            raise ValueError("sold out")

    async def stroll(guests):
        for guest in guests:
            with suppress(ValueError):
                await in_turn(guest, job)

    gc.freeze()  # what is there already is not looked at, which takes no time then
    counts = []
    for names in (range(20), range(100, 100 + number)):
        await asyncio.gather(*[stroll([f"guest {name}" for name in names]) for _ in range(2)])
        gc.collect()
        counts.append(sum(type(one).__module__ not in OURS for one in gc.get_objects()))
    gc.unfreeze()
    return counts[1] - counts[0]

# %% setup="in_turn_pages" jupyter={"source_hidden": true}
async def clicks(people, each):
    """Put up `each` held pages per person, one of which fails; return {name: pages} and lines."""
    names = [f"{name} {random.randint(1, 999)}" for name in random.sample(NAMES, people)]
    order = {n: [f"/{random.randint(1, 10**9)}" for _ in range(each)] for n in names}
    await put_up([page for pages in order.values() for page in pages])
    fails = random.choice(list(order.values()))[0]
    await servers.http.plan(path=fails, status=500)
    lines = [(name, order[name][turn]) for turn in range(each) for name in names]
    expected = [{"path": page, "number": 1} if page != fails else "an error" for _, page in lines]
    return order, lines, expected

# %% setup="in_turn_judged" jupyter={"source_hidden": true}
def had_their_turn(report, said, lines, expected):
    """Check the loop, what the server saw, what people got, and what was left behind."""
    came_to_an_end(report, said)
    report.responsive(0.1)
    if said:
        wrong(report, said)
    got, at_once, left = report.value
    for (name, _), one, right_one in zip(lines, got, expected, strict=True):
        if one != right_one:
            raise WrongValue(
                f"A job of {name} gave {one!r}; expected {right_one!r}. `in_turn` returns what the "
                "job returns, and raises what it raises."
            )
    if at_once > 1:
        raise WrongValue(
            f"One job was over, the second of the same user was running, and a third call came: "
            f"{at_once} ran at the same time. A lock was removed while a call still held it or "
            "waited for it."
        )
    if left > 150:
        raise WrongValue(
            f"300 guests came and went, some after a job that failed, and {left} objects are still "
            "kept for them. Over a year these fill the memory: keep nothing for a user who has left."
        )

# %% setup="in_turn_server" jupyter={"source_hidden": true}
async def one_by_one(order):
    """Answer the held pages one by one, at random; return what is wrong with who comes when."""
    left = {name: list(pages) for name, pages in order.items()}
    answered, every = 0, [page for pages in order.values() for page in pages]
    try:
        while any(left.values()):
            next_ones = {pages[0]: name for name, pages in left.items() if pages}
            due = answered + len(next_ones)
            await servers.http.arrived(due, timeout=1)
            await servers.http.arrived(due + 1, timeout=0.03 if answered else 0.25)
            came = await under_way()
            for name, pages in left.items():
                if len(set(pages) & set(came)) > 1:
                    return f"{name} had two jobs under way at the same time."
                if set(pages[1:]) & set(came):
                    return f"A later job of {name} came before an earlier one."
            if missing := [name for page, name in next_ones.items() if page not in came]:
                return waits(missing[0], len(came), answered)
            page = random.choice(came)
            left[next_ones[page]].pop(0)
            await servers.http.release(page)
            answered += 1
        return ""
    finally:
        await let_go(every)


def waits(name, others, answered):
    if answered:  # also when the others are all done, and only those that wait are left
        return f"{name} waits, although the job before is over: it was answered or has failed."
    if others:
        return f"{name} waits, although only jobs of other users ({others}) are under way."
    return "No job is under way. Await `job()` in `in_turn`."

# %% test="in_turn_check" points=20
order, lines, expected = await clicks(3, 3)
report, said = await beside(watch(crowd, servers.http.url, lines, timeout=4), one_by_one(order))
had_their_turn(report, said, lines, expected)
### BEGIN HIDDEN TESTS
order, lines, expected = await clicks(random.choice([4, 5]), 2)
report, said = await beside(watch(crowd, servers.http.url, lines, timeout=4), one_by_one(order))
had_their_turn(report, said, lines, expected)
### END HIDDEN TESTS
right(report, 20)

# %% [markdown] hints="in_turn"
# <details><summary>Hint 1: a question</summary>
#
# Which jobs must not overlap? What they have in common is the key of your dict.
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 2: one lock per key, and the counter that says how many are using it.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# The dict has, for each user, a lock and the number of tasks that have it or wait for it. Before
# `async with lock:` add one, in a `finally` after it subtract one, and at zero remove the entry. There
# must be no `await` between looking into the dict and writing to it.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("in_turn")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Make the dict a `weakref.WeakValueDictionary` of locks, and count nothing. Why does that work? What
# refers to the lock while a task waits for it?
# </details>

# %% [markdown]
# ---
# ## 2 · Money
#
# `!pay bo 5` moves coins from one account to another. The accounts are rows of a PostgreSQL table,
# `accounts (name, balance)`, and the bot's website writes to it as well. A lock in your program does
# not stop the website, so use locks of the database.
#
# **Worked example.** A purchase, as in the lesson. `FOR UPDATE` locks the row until the end of the
# transaction. A bot or a website that also wants to lock it waits.
#
# ```python
# async with pool.acquire() as db, db.transaction():
#     balance = await db.fetchval("SELECT balance FROM accounts WHERE name = $1 FOR UPDATE", name)
#     if balance < price:
#         return False
#     await db.execute("UPDATE accounts SET balance = balance - $2 WHERE name = $1", name, price)
# return True
# ```

# %% [markdown] exercise="transfer" limit=0.1
# **Your turn.** Write `transfer`. Many transfers run at the same time, in all directions. No coin is
# made or lost, and at every moment the website sees the right sum. No balance falls below zero, and a
# transfer waits only for its own two accounts. Limit: hold the loop for less than **100 ms** at a time.
# Be careful with two transfers in opposite directions: if each has locked one row and waits for the
# other one, neither can go on.

# %% answer="transfer"
async def transfer(pool, giver, taker, amount):
    """Move `amount` from giver to taker in the table accounts (name text, balance integer).

    Return True. Return False, and change nothing, when the giver has less than `amount`, or when
    there is no such taker. `pool` is a pool of asyncpg with eight connections.
    """
    ### BEGIN SOLUTION
    both = "SELECT name, balance FROM accounts WHERE name = ANY($1) ORDER BY name FOR UPDATE"
    add = "UPDATE accounts SET balance = balance + $2 WHERE name = $1"
    async with pool.acquire() as db, db.transaction():
        balance = {row["name"]: row["balance"] for row in await db.fetch(both, [giver, taker])}
        if taker not in balance or balance[giver] < amount:
            return False
        await db.execute(add, giver, -amount)
        await db.execute(add, taker, amount)
        return True
    ### END SOLUTION

# %% setup="transfer_run" jupyter={"source_hidden": true}
async def transfers(dsn, orders):
    """Make all transfers at the same time, with a pool of eight connections; return the answers."""
    async with asyncpg.create_pool(dsn, min_size=8, max_size=8) as pool:
        return await asyncio.gather(*(transfer(pool, *order) for order in orders))


def market():
    """Balances, and transfers: five from the first account, which has coins for one, and others.

    The first account pays and the second is paid while the website holds them. The last transfer is
    the friend's: an answer that lets others wait for a held account lets the friend wait, too.
    """
    poor, kept, *rich, nobody = random.sample(NAMES, 10)
    balances = {poor: 100, **{name: random.randint(500, 900) for name in (kept, *rich)}}
    lone, friend, eve, fay, last, shop, guest = rich
    orders = [(poor, shop, random.randint(60, 100)) for _ in range(5)]
    there_and_back = [(eve, fay), (fay, eve)] * 4
    orders += [(*pair, random.randint(5, 50)) for pair in there_and_back]
    orders += [(last, nobody, random.randint(5, 50)), (guest, kept, random.randint(5, 50))]
    random.shuffle(orders)
    return balances, [*orders, (lone, friend, random.randint(50, 90))], friend

# %% setup="held_rows" jupyter={"source_hidden": true}
@asynccontextmanager
async def held(make, fill, rows, lock):
    """Make a table, fill it, and hold some rows of it; yields its address and the connection that
    holds them."""
    postgres = (await world.start("postgres")).postgres
    await postgres.drop()  # what an earlier run has left open
    keeper = await asyncpg.connect(postgres.dsn)
    try:
        await keeper.execute(make)
        await keeper.executemany(fill, rows)
        await keeper.execute("BEGIN")
        await keeper.execute(lock)
        yield postgres.dsn, keeper
    finally:
        await keeper.close()


async def rows_of(keeper, what):
    return dict(await keeper.fetch(f"SELECT {what}"))

# %% setup="transfer_bank" jupyter={"source_hidden": true}
ACCOUNTS = """
DROP TABLE IF EXISTS accounts;
CREATE TABLE accounts (name text PRIMARY KEY, balance integer);
"""
BALANCES = "name, balance FROM accounts"


def bank(balances):
    """The accounts, of which the first two are held."""
    first, second = list(balances)[:2]
    lock = f"SELECT FROM accounts WHERE name IN ('{first}', '{second}') FOR UPDATE"
    return held(ACCOUNTS, "INSERT INTO accounts VALUES ($1, $2)", list(balances.items()), lock)


async def website(keeper, balances, friend):
    """Hold two accounts until the friend was paid, and look at all; return what is wrong."""
    looks, paid, change = 100, False, 0  # a look every 10 ms
    while looks and not change:
        rows = await rows_of(keeper, BALANCES)
        change = sum(rows.values()) - sum(balances.values())
        if not paid and rows[friend] > balances[friend]:
            paid, looks = True, 20  # in this time the others come to the held accounts
        looks -= 1
        await asyncio.sleep(0.01)
    await keeper.execute("COMMIT")
    return half_done(change) if change else "" if paid else kept_waiting(balances, friend)

# %% setup="transfer_seen" jupyter={"source_hidden": true}
def half_done(change):
    return (
        "A transfer waited for an account that the website held. During that time all accounts "
        f"together had {abs(change)} coins too {'many' if change > 0 else 'few'}: one account was "
        "changed and the other was not. Make both changes in one transaction."
    )


def kept_waiting(balances, friend):
    first, second = list(balances)[:2]
    return (
        f"The website held the accounts of {first} and {second}, and no other transfer went on: "
        f"{friend} still waits for coins from a third person. Lock only the two rows of a transfer."
    )

# %% setup="transfer_judge" jupyter={"source_hidden": true}
def settled(report, said, balances, orders, rows):
    """Raise WrongValue unless no one had to wait, and no coin was made, lost, or spent twice."""
    if report.error and report.error[0] == "DeadlockDetectedError":
        raise WrongValue(
            "Two transfers had locked one account each and waited for the other one, until the "
            "database ended one of them (DeadlockDetectedError). Always lock both rows in the same "
            "order."
        )
    report.responsive(0.1)
    poorest = min(rows, key=lambda name: rows[name])
    if rows[poorest] < 0:
        raise WrongValue(f"{poorest} has {rows[poorest]} coins and paid more than there was.")
    for (giver, taker, amount), told in zip(orders, report.value, strict=True):
        if told and taker not in balances:
            raise WrongValue(
                f"{giver} paid {amount} to {taker}, who has no account, and `transfer` returned "
                "True: coins were lost."
            )
    if change := sum(rows.values()) - sum(balances.values()):
        raise WrongValue(f"The sum of all accounts changed by {change}: coins were made or lost.")
    if said and any(report.value):
        wrong(report, said)
    as_told(report.value, balances, orders, rows)

# %% setup="transfer_told" jupyter={"source_hidden": true}
def as_told(answers, balances, orders, rows):
    """Raise WrongValue unless the answers are true."""
    after, poor, paid = dict(balances), next(iter(balances)), 0
    for (giver, taker, amount), told in zip(orders, answers, strict=True):
        good = taker in balances
        if type(told) is not bool or (giver != poor and told != good):
            what = f"{giver} pays {taker} {amount}"
            raise WrongValue(f"{what}: `transfer` returned {told!r}; expected {good}.")
        if told:
            paid += giver == poor
            after[giver], after[taker] = after[giver] - amount, after[taker] + amount
    if paid != 1:
        raise WrongValue(
            f"{poor} had coins for one transfer; `transfer` returned True {paid} times."
        )
    if rows != after:
        raise WrongValue(f"The table has {rows}; by the answers it should have {after}.")

# %% test="transfer_check" points=20
balances, payments, friend = market()
async with bank(balances) as (dsn, keeper):
    busy = website(keeper, balances, friend)
    report, said = await beside(watch(transfers, dsn, payments), busy)
    settled(report, said, balances, payments, await rows_of(keeper, BALANCES))
### BEGIN HIDDEN TESTS
balances, payments, friend = market()
async with bank(balances) as (dsn, keeper):
    busy = website(keeper, balances, friend)
    report, said = await beside(watch(transfers, dsn, payments), busy)
    settled(report, said, balances, payments, await rows_of(keeper, BALANCES))
### END HIDDEN TESTS
right(report, 20)

# %% [markdown] hints="transfer"
# <details><summary>Hint 1: a question</summary>
#
# Between your look at the balance and its change, what else could change it? And what would prevent
# that?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 3: the row lock, and the two transfers that waited for each other.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# One `SELECT name, balance FROM accounts WHERE name = ANY($1) ORDER BY name FOR UPDATE`, with a list
# of both names, locks both rows in the order of their names. If the taker is among the rows and the
# balance is enough, make two `UPDATE`s. Do all of this in one transaction.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("transfer")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Do it without `SELECT`: the `WHERE` of an `UPDATE` can test the balance, and its answer
# (`"UPDATE 0"`) says whether there was enough. Which rows does it lock, and in which order?
# </details>

# %% [markdown]
# ---
# ## 3 · The desk
#
# `!draw` asks a slow service for a picture. The service can paint three pictures at the same time. A few
# more people may wait. All others should get an answer immediately: "too busy, try again later". A queue
# without a size would accept them all, and the last ones would wait for hours.

# %% [markdown] exercise="desk" limit=0.1
# **Your turn.** Write `Desk`. It serves each item that it accepts, and never calls `work` for an item
# that it refuses. Limit: hold the loop for less than 100 ms at a time.

# %% answer="desk"
class Desk:
    """Serves items by `await work(item)`, some at the same time; a few more may wait."""

    def __init__(self, work, workers, most):
        """At most `workers` items are under way at the same time, and at most `most` more wait.

        An item whose work raises an error is done; the others go on. (A loop is running here, so
        you may call `asyncio.create_task`.)
        """
        ### BEGIN SOLUTION
        self.queue = asyncio.Queue(most)
        self.work = work
        self.workers = [asyncio.create_task(self.serve()) for _ in range(workers)]
        ### END SOLUTION

    def ask(self, item):
        """Accept the item and return True; or, when the desk is full, return False immediately."""
        ### BEGIN SOLUTION
        try:
            self.queue.put_nowait(item)
        except asyncio.QueueFull:
            return False
        return True

    async def serve(self):
        while True:
            item = await self.queue.get()
            with suppress(Exception):
                await self.work(item)
        ### END SOLUTION

# %% setup="desk_burst" jupyter={"source_hidden": true}
async def burst(url, items, workers, most):
    """Ask for all items, one every 10 ms, and return what `ask` said to each of them."""
    desk = Desk(lambda item: fetch(url + item), workers, most)
    said = []
    for item in items:
        answer = desk.ask(item)
        said.append(answer if type(answer) is bool else f"a {type(answer).__name__}")
        await asyncio.sleep(0.01)
    await fetch(url + "/end")  # the test answers when all is over
    return said


async def pictures(number):
    """Put up this many held pages, the first of which fails."""
    pages = [f"/draw/{random.randint(1, 10**9)}" for _ in range(number)]
    await put_up([*pages, "/end"])
    await servers.http.plan(path=pages[0], status=500)
    return pages

# %% setup="desk_server" jupyter={"source_hidden": true}
async def service(pages, workers, most):
    """Answer the held pages one by one; return what is wrong with how they come."""
    http = servers.http
    room = f"{workers} under way and {most} waiting"
    try:
        if not await http.arrived(1, path="/end", timeout=1.5):
            return "`ask` waited. When the desk is full, it must return False immediately."
        for answered in range(workers + most):
            due = 1 + min(answered + workers, workers + most)
            if not await http.arrived(due, timeout=1):
                return stuck(due - 1, answered, workers)
            if await http.arrived(due + 1, timeout=0.03 if answered else 0.2):
                many = len(await under_way()) - 1
                return f"{many} items were under way; the limit is {room}."
            held = [page for page in await under_way() if page != "/end"]
            await http.release(held[0])
        return ""
    finally:
        await let_go([*pages, "/end"])


def stuck(due, answered, workers):
    came = servers.http.counters()["requests"] - 1
    if not answered:
        return f"{workers} items can be under way at the same time; there were {came}."
    return (
        f"{answered} items were answered, the first of them by an error. By then {due} requests "
        f"should have come; {came} came. A worker must go on after an error, and serve each item "
        "that was accepted."
    )

# %% setup="desk_judge" jupyter={"source_hidden": true}
async def served(report, said, pages, workers, most):
    """Raise WrongValue unless as many were accepted as there was room for, and served."""
    came_to_an_end(report, said)
    report.responsive(0.1)
    answers = report.value
    if any(type(answer) is not bool for answer in answers):
        raise WrongValue(f"`ask` returns True or False; it returned {answers}.")
    room = f"with room for {workers} under way and {most} waiting"
    if sum(answers) > workers + most:
        raise WrongValue(f"`ask` accepted {sum(answers)} of {len(pages)}, {room}.")
    if said and any(answers):
        wrong(report, said)
    if sum(answers) < workers + most:
        raise WrongValue(f"`ask` accepted only {sum(answers)} of {len(pages)}, {room}.")
    came = [e["path"] for e in await servers.http.log() if e["path"] != "/end"]
    accepted = [page for page, answer in zip(pages, answers, strict=True) if answer]
    if sorted(came) != sorted(accepted):
        raise WrongValue(f"The desk accepted {accepted}, but the service was asked for {came}.")

# %% test="desk_check" points=20
pages = await pictures(14)
run = watch(burst, servers.http.url, pages, 3, 5, timeout=4)
report, said = await beside(run, service(pages, 3, 5))
await served(report, said, pages, 3, 5)
### BEGIN HIDDEN TESTS
workers, most = random.sample([2, 3, 4, 6], 2)
pages = await pictures(workers + most + 5)
run = watch(burst, servers.http.url, pages, workers, most, timeout=4)
report, said = await beside(run, service(pages, workers, most))
await served(report, said, pages, workers, most)
### END HIDDEN TESTS
right(report, 20)

# %% [markdown] hints="desk"
# <details><summary>Hint 1: a question</summary>
#
# Which code should notice that the desk is full: the worker, or `ask`?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 5: the queue with a size, and `put_nowait`.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# `asyncio.Queue(most)`, and `workers` tasks that each do `item = await queue.get()` forever. `ask` is
# an ordinary function: it calls `put_nowait`, and on `asyncio.QueueFull` it returns False. A worker must
# go on after an error of `work`.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("desk")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# One person asks twenty times and takes all the places. Give `ask` the user as a second argument, and
# give each user at most one waiting place.
# </details>

# %% [markdown]
# ---
# ## 4 · Two clicks, one prize
#
# `!prize` sends a message with a button, *Claim*, and the first click gets the prize. Two people
# click in the same millisecond, one of them twice, and the database is busy this evening. Discord
# gives your bot 3 s to acknowledge a click; after that the person sees "This interaction failed".
#
# **Worked example.** This view greets. `defer` acknowledges the click, and `followup.send` sends a new
# message that answers it.
#
# ```python
# class Hello(discord.ui.View):
#     @discord.ui.button(label="Hello")
#     async def hello(self, interaction, button):
#         await interaction.response.defer()
#         await interaction.followup.send(f"hello, {interaction.user.name}")
# ```

# %% [markdown] exercise="one_prize" limit=0.1
# **Your turn.** Write `Prize`. Each click has a task of its own. All clicks on one prize need the same row
# of PostgreSQL: `prizes (id integer, winner text)`. There are several prizes at the same time; each has a
# row, a message and a `Prize` of its own. Keep in `__init__` what you need later. Limit: hold the loop for
# less than **100 ms** at a time. The bot must keep its connection.

# %% answer="one_prize"
class Prize(discord.ui.View):
    """One prize for one person: the row of the table prizes whose id is `prize`."""

    def __init__(self, pool, prize):
        """`pool` is a pool of asyncpg with up to eight connections.

        In the table, `winner` is NULL until someone has won.
        """
        super().__init__(timeout=None)
        ### BEGIN SOLUTION
        self.pool, self.prize = pool, prize
        ### END SOLUTION

    @discord.ui.button(label="Claim")
    async def claim(self, interaction, button):
        """One click wins, and `interaction.user.name` goes into the row as its winner.

        Acknowledge each click within 3 s, however long the database takes. Then answer it by a
        message of its own with one word: `yours` for the click that won, `taken` for every other
        click, also of the same person. When the row is written, disable the button.
        """
        ### BEGIN SOLUTION
        await interaction.response.defer()
        change = "UPDATE prizes SET winner = $1 WHERE id = $2 AND winner IS NULL"
        if await self.pool.execute(change, interaction.user.name, self.prize) == "UPDATE 0":
            await interaction.followup.send("taken")
            return
        button.disabled = True
        await interaction.edit_original_response(view=self)
        await interaction.followup.send("yours")
        ### END SOLUTION

# %% setup="one_prize_bot" jupyter={"source_hidden": true}
async def evening_with_prizes(address, dsn):
    """Run a bot until `!goodnight`; `!prize 1` sends the message of prize 1."""
    world.point(SimpleNamespace(**address))
    bot = commands.Bot("!", intents=discord.Intents.all(), help_command=None)

    @bot.command()
    async def goodnight(ctx):
        await bot.close()

    async with asyncpg.create_pool(dsn, min_size=1, max_size=8) as pool, bot:
        Prize(pool, 0)  # if it is not attempted yet, it says so here, before the bot starts

        @bot.command()
        async def prize(ctx, number: int):
            await ctx.send(f"prize {number}", view=Prize(pool, number))

        await bot.start(address["token"])

# %% setup="one_prize_table" jupyter={"source_hidden": true}
# An UPDATE begins with a pause, in which it holds no row: a look whose lock has ended by then locks
# nothing.
PRIZES = """
DROP TABLE IF EXISTS prizes;
CREATE TABLE prizes (id integer PRIMARY KEY, winner text);
CREATE OR REPLACE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(0.15); RETURN NULL; END $$;
CREATE TRIGGER pause BEFORE UPDATE ON prizes EXECUTE FUNCTION pause();
"""
WINNERS = "id, winner FROM prizes"


def busy_prizes(numbers):
    """The prizes with these numbers, all of which are held."""
    rows, lock = [(number,) for number in numbers], "SELECT FROM prizes FOR UPDATE"
    return held(PRIZES, "INSERT INTO prizes VALUES ($1)", rows, lock)


async def offer(gw, numbers):
    """Have the bot send the messages of these prizes; return their ids by the prize."""
    await gw.until(ready=1)
    for number in numbers:
        await gw.say(f"!prize {number}")
    await gw.until(replies=len(numbers), timeout=3)
    sent = {e["content"]: e["message"] for e in gw.log if e["event"] == "reply"}
    return {n: sent[f"prize {n}"] for n in numbers if f"prize {n}" in sent}

# %% setup="one_prize_clicks" jupyter={"source_hidden": true}
Click = namedtuple("Click", "prize person id late")
WORDS = {"yours", "taken"}


def buttons(items):
    for item in items:
        yield from [item] if item["type"] == 2 else buttons(item.get("components", ()))


async def usable(gw, messages):
    """The prizes below whose message there is a button that can be clicked."""
    found = {number: await gw.message(one) or {} for number, one in messages.items()}
    rows = {number: buttons(one.get("components", ())) for number, one in found.items()}
    return [n for n, row in rows.items() if not all(one.get("disabled") for one in row)]


async def all_click(gw, messages, people, late=False):
    """Let these people click on each prize, as far as it can be clicked; return the clicks."""
    numbers = await usable(gw, messages)
    ids = await asyncio.gather(
        *(gw.clicks("Claim", people, message=messages[number]) for number in numbers),
        return_exceptions=True,  # the button may be disabled in the next moment
    )
    done = [(n, one) for n, one in zip(numbers, ids, strict=True) if isinstance(one, list)]
    return [Click(n, who, id, late) for n, one in done for who, id in zip(people, one, strict=True)]

# %% setup="one_prize_evening" jupyter={"source_hidden": true}
async def contest(gw, keeper, numbers, people, latecomer):
    """While the rows are held these people click, and when all are acknowledged the latecomer does.

    Return the clicks, when the rows were let go, and the prizes that can be clicked in the end.
    """
    messages = await offer(gw, numbers)
    clicks = await all_click(gw, messages, people)
    heard = await gw.until(acknowledged=len(clicks), timeout=3.3)  # Discord's 3 s, and a little
    if heard and not gw.kills:
        clicks += await all_click(gw, messages, [latecomer], late=True)
        heard = await gw.until(acknowledged=len(clicks), timeout=3.3)
    freed = time.monotonic()
    await keeper.execute("COMMIT")
    for _ in range(40 if heard and clicks else 0):
        log, left = gw.log, await usable(gw, messages)
        if all(WORDS & {*told(log, click)} for click in clicks) and not left:
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.1)  # a second word for the same click would come now
    left = await usable(gw, messages)
    await gw.say("!goodnight")
    return clicks, freed, left


def told(log, click):
    """The messages that answer a click, as they are in the end."""
    texts = {}
    for event in log:
        own = event["event"] in ("reply", "followup") and event.get("interaction") == click.id
        if own or (event["event"] == "edit" and event["message"] in texts):
            texts[event["message"]] = event["content"]
    return list(texts.values())

# %% setup="one_prize_heard" jupyter={"source_hidden": true}
def acknowledged(report, log, clicks, freed):
    """Raise WrongValue unless each click was acknowledged while the rows were held."""
    known = {e["interaction"] for e in log if e["event"] == "acknowledged" and e["at"] < freed}
    deaf = [click for click in clicks if click.id not in known]
    if len(deaf) == len(clicks):
        wrong(
            report,
            f"The database was busy, and {len(deaf)} of {len(clicks)} clicks were not acknowledged "
            "within 3 s (10062, Unknown interaction). Acknowledge a click before you ask the "
            "database.",
        )
    if deaf and deaf[0].late:
        wrong(
            report,
            f"{deaf[0].person} clicked while the database was busy, and the click was not "
            "acknowledged. After `stop()` discord.py ignores clicks: stop the view last. (A callback "
            "that returns without an answer looks the same.)",
        )
    if deaf:
        prize = deaf[0].prize
        mine = [click for click in clicks if click.prize == prize]
        few = sum(click.id in known for click in mine)
        wrong(
            report,
            f"While the database was busy, {few} of {len(mine)} clicks on prize {prize} were "
            "acknowledged. The others waited for a lock or for a connection, or their callback "
            "ended without an answer. Acknowledge each click first, then wait.",
        )

# %% setup="one_prize_words" jupyter={"source_hidden": true}
def answered(report, log, clicks):
    """Return the word that each click was told; raise WrongValue unless it was exactly one."""
    words = {}
    for click in clicks:
        texts = told(log, click)
        said = [text for text in texts if text in WORDS]
        whose = f"The click of {click.person} on prize {click.prize}"
        if not said:
            heard = f"then answered by {texts}" if texts else "never answered"
            wrong(
                report,
                f"{whose} was acknowledged and {heard}. Answer each click by `yours` or `taken`, "
                "in a message of its own. `defer()` is a first answer. After it use "
                "`interaction.followup.send`: a second `interaction.response` raises "
                "InteractionResponded. discord.py only logs an error that your callback raises.",
            )
        if len(said) > 1:
            raise WrongValue(f"{whose} was answered by {' and '.join(said)}; expected one word.")
        words[click] = said[0]
    return words


def too_many(prize, yours, clicks):
    """Two or more were told that they won: say why, as far as the log shows it."""
    said = f"{len(yours)} clicks on prize {prize} were answered by `yours` ({', '.join(yours)}); "
    said += "expected one. "
    theirs = [click for click in clicks if click.prize == prize and click.person in yours]
    if len(theirs) > len(yours) == len(set(yours)):
        return said + "That is one for each person. Use one lock for the prize, not one per person."
    return (
        f"{said}Between your look at the row and its change the others looked as well. A lock keeps "
        "out only tasks that use the same lock, and the lock of a row lasts until the end of its "
        "transaction."
    )

# %% setup="one_prize_judge" jupyter={"source_hidden": true}
def one_winner_each(report, gw, seen, winners):
    """Raise WrongValue unless each prize has one winner, and all who clicked heard the truth."""
    came_to_an_end(report, "")
    report.responsive(0.1, gateway=gw)
    (clicks, freed, left), log = seen, gw.log
    if {click.prize for click in clicks} != set(winners):
        raise WrongValue("A message of `!prize` has no button that people can click.")
    acknowledged(report, log, clicks, freed)
    words = answered(report, log, clicks)
    for prize, winner in winners.items():
        yours = [one.person for one in clicks if one.prize == prize and words[one] == "yours"]
        if len(yours) > 1:
            raise WrongValue(too_many(prize, yours, clicks))
        if not yours:
            raise WrongValue(
                f"No one won prize {prize}: every click was answered by `taken`. There are several "
                "prizes at the same time: keep what a view knows of its prize in `self`."
            )
        if winner != yours[0]:
            raise WrongValue(
                f"{yours[0]} was told `yours` for prize {prize}, but the winner in the row is "
                f"{winner!r}. First write the row, then tell the winner."
            )
    still_there(report, log, left)

# %% setup="one_prize_button" jupyter={"source_hidden": true}
def still_there(report, log, left):
    """Raise WrongValue if a button of a prize that is gone can be clicked."""
    if not left:
        return
    said = (
        f"Prize {left[0]} is gone, and its button can still be clicked. Set `button.disabled = "
        "True`, and edit the message of the button with `view=self`."
    )
    if any(e["event"] == "acknowledged" and e["type"] == 5 for e in log):
        said += (
            " After `defer(thinking=True)` the original response is the new message: edit "
            "`interaction.message`."
        )
    wrong(report, said)

# %% test="one_prize_check" points=15
gw = await servers.gateway(heartbeat=0.2, grace=2)
async with busy_prizes([1, 2]) as (dsn, keeper):
    run = watch(evening_with_prizes, gw.address, dsn, timeout=15)
    visitors = contest(gw, keeper, [1, 2], ["ada", "ada", "bo"], "cy")
    report, seen = await beside(run, visitors)
    one_winner_each(report, gw, seen, await rows_of(keeper, WINNERS))
### BEGIN HIDDEN TESTS
gw = await servers.gateway(heartbeat=0.2, grace=2)
prizes = random.sample(range(3, 100), random.choice([1, 3]))
number, each = random.choice([(2, 3), (3, 2), (4, 1)])
last, *guests = random.sample(NAMES, number + 1)
guests = random.sample(guests * each, number * each)
async with busy_prizes(prizes) as (dsn, keeper):
    run = watch(evening_with_prizes, gw.address, dsn, timeout=15)
    visitors = contest(gw, keeper, prizes, guests, last)
    report, seen = await beside(run, visitors)
    one_winner_each(report, gw, seen, await rows_of(keeper, WINNERS))
### END HIDDEN TESTS
right(report, 15)

# %% [markdown] hints="one_prize"
# <details><summary>Hint 1: a question</summary>
#
# Three clicks are three tasks. What has each of them seen when the first one writes the row? And which
# of them are acknowledged by then?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 4, the button; part 3, the single statement that looks and changes; unit 03, the last part, for
# `defer`.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# The first line is `await interaction.response.defer()`. Then `UPDATE prizes SET winner = $1 WHERE id =
# $2 AND winner IS NULL`: its answer, `"UPDATE 1"` or `"UPDATE 0"`, says whether this click won. Then one
# `interaction.followup.send`. The winner also sets `button.disabled = True` and calls `await
# interaction.edit_original_response(view=self)`.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("one_prize")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# The bot restarts, and the message is still there. Give the button a `custom_id`, and call
# `bot.add_view(Prize(pool, 1))` in `setup_hook`. Which variable has forgotten the winner, and where is
# the winner still written?
# </details>

# %% [markdown] exercise="drain" limit=0.1 stretch=true
# ---
# ## 5 · Closing time (stretch)
#
# The bot must restart. Accepted items are in the queue, and the workers are serving some others. Each
# item should be served. If there is no time for it, `run_desk` **hands it back**, so that it can be
# stored and served tomorrow.
#
# **Your turn.** Write `run_desk`. Each item is served once or handed back, and every task has ended.
# Limit: hold the loop for less than 100 ms at a time.

# %% answer="drain"
async def run_desk(queue, work, workers, closing, patience):
    """Serve the items of `queue` by `await work(item)`, at most `workers` at the same time.

    `closing` is an asyncio.Event: `await closing.wait()` waits until it is set. Then still serve
    what is in the queue by then, for at most `patience` seconds. After that, cancel what is under
    way. Return a list of the items that were not served to the end: empty, if there was time
    enough. An item whose work raises an error is done.
    """
    ### BEGIN SOLUTION
    unfinished = []

    async def serve():
        while True:
            item = await queue.get()
            try:
                await work(item)
            except asyncio.CancelledError:
                unfinished.append(item)
                raise
            except Exception:
                pass
            finally:
                queue.task_done()

    tasks = [asyncio.create_task(serve()) for _ in range(workers)]
    await closing.wait()
    with suppress(TimeoutError):
        async with asyncio.timeout(patience):
            await queue.join()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    while not queue.empty():
        unfinished.append(queue.get_nowait())
    return unfinished
    ### END SOLUTION

# %% setup="drain_evening" jupyter={"source_hidden": true}
async def closing_time(url, items, workers, patience):
    """Fill a queue, and set `closing` when the test says so; return what came back."""
    queue, closing = asyncio.Queue(), asyncio.Event()
    for item in items:
        queue.put_nowait(item)
    running = asyncio.create_task(
        run_desk(queue, lambda item: fetch(url + item), workers, closing, patience)
    )
    bell = asyncio.create_task(fetch(url + "/close"))
    await asyncio.wait([running, bell], return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        return {"ended": "too early", "back": running.result()}
    closing.set()
    await asyncio.wait([running], timeout=TOO_LATE)
    if not running.done():
        running.cancel()
        return {"ended": "too late"}
    await asyncio.sleep(0.02)
    left = len(asyncio.all_tasks()) - 1
    with suppress(Exception):  # a queue that was shut down takes nothing more
        queue.put_nowait(AFTERWARDS)
        await asyncio.sleep(0.15)  # time enough for a worker that is left, or comes back
    return {"ended": "in time", "back": running.result(), "tasks": left}


PATIENCE, TOO_LATE = 0.5, 3.5  # seconds; long after `given_up` has looked for 4 times PATIENCE
AFTERWARDS = "/order/afterwards"  # it comes when the desk is closed

# %% setup="drain_server" jupyter={"source_hidden": true}
async def orders(number):
    """Put up this many held pages, the first of which fails."""
    pages = [f"/order/{random.randint(1, 10**9)}" for _ in range(number)]
    await put_up([*pages, "/close"])
    await servers.http.plan(path=pages[0], status=500)
    return pages


async def last_orders(pages, workers, answers):
    """Set `closing` when all workers are busy, then answer some requests; return what is wrong."""
    try:
        if not await servers.http.arrived(workers + 1, timeout=1):
            have = len(await at_work(pages))
            return f"{workers} items can be under way at the same time; there were {have}."
        if await servers.http.arrived(workers + 2, timeout=0.1):
            return f"{len(await at_work(pages))} items were under way; the limit is {workers}."
        await servers.http.release("/close")
        closed = time.monotonic()
        await asyncio.sleep(0.05)
        for answered in range(answers):
            late = time.monotonic() - closed > PATIENCE / 2  # a good desk may have given up by now
            if not await servers.http.arrived(1 + min(workers + answered, len(pages)), timeout=1):
                left = len(pages) - answered
                if late and answers < len(pages):
                    raise Inconclusive("This machine was too busy for these orders: run it again.")
                return f"At closing time {left} items were left, and no worker served them."
            if held := await at_work(pages):
                await servers.http.release(held[0])
        return await given_up(pages) if answers < len(pages) else ""
    finally:
        await let_go([*pages, "/close"])

# %% setup="drain_end" jupyter={"source_hidden": true}
async def at_work(pages):
    return [page for page in await under_way() if page in pages]


async def given_up(pages):
    """Return what is wrong if work is under way long after the patience has run out."""
    until = time.monotonic() + 4 * PATIENCE  # not in looks: on a busy machine 100 took TOO_LATE
    while time.monotonic() < until:
        if not await at_work(pages):
            return ""
        await asyncio.sleep(0.02)
    return f"The time limit for closing is {PATIENCE} s, but after {4 * PATIENCE} s work went on."

# %% setup="drain_judge" jupyter={"source_hidden": true}
async def nothing_lost(report, said, pages):
    """Raise WrongValue unless each item was either served or handed back."""
    report.responsive(0.1)
    end, back = report.value["ended"], report.value.get("back", [])
    if end == "too early":
        raise WrongValue("`run_desk` returned before `closing` was set.")
    if end == "too late":
        wrong(report, said or "After closing time `run_desk` did not return.")
    if type(back) is not list:
        raise WrongValue(f"`run_desk` must return a list; it returned {back!r}.")
    seen = await servers.http.log()
    log = [e for e in seen if e["path"] in pages]
    answered = [e["path"] for e in log if "status" in e]
    if lost := [page for page in pages if page not in answered and page not in back]:
        asked = [e["path"] for e in log]
        raise WrongValue(
            f"{len(lost)} of {len(pages)} items were lost, neither served nor handed back; a worker "
            f"was serving {sum(page in asked for page in lost)} of them."
        )
    if len(log) + len(back) != len({*answered, *map(str, back)}) + len(log) - len(answered):
        raise WrongValue("An item was handed back although it was served, or it was served twice.")
    if said:
        wrong(report, said)
    if report.value["tasks"]:
        left = report.value["tasks"]
        raise WrongValue(f"`run_desk` has returned, but {left} of its tasks are still there.")
    if any(e["path"] == AFTERWARDS for e in seen):
        raise WrongValue(
            "`run_desk` had returned, and then one of its workers took an item from the queue. End "
            "all workers, and do not start new ones when one has ended."
        )

# %% test="drain_check" points=20
pages = await orders(6)
run = watch(closing_time, servers.http.url, pages, 2, 9.0)
report, said = await beside(run, last_orders(pages, 2, 6))
await nothing_lost(report, said, pages)
pages = await orders(6)
run = watch(closing_time, servers.http.url, pages, 2, PATIENCE)
report, said = await beside(run, last_orders(pages, 2, 2))
await nothing_lost(report, said, pages)
### BEGIN HIDDEN TESTS
pages, workers = await orders(7), random.choice([2, 3])
run = watch(closing_time, servers.http.url, pages, workers, 9.0)
report, said = await beside(run, last_orders(pages, workers, 7))
await nothing_lost(report, said, pages)
pages = await orders(8)
run = watch(closing_time, servers.http.url, pages, 3, PATIENCE)
report, said = await beside(run, last_orders(pages, 3, random.choice([1, 3])))
await nothing_lost(report, said, pages)
### END HIDDEN TESTS
right(report, 20)

# %% [markdown] hints="drain"
# <details><summary>Hint 1: a question</summary>
#
# An item can be lost in two ways: in the queue, or while a worker serves it. Which code knows of the
# second?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 6: the three steps of closing. And unit 06, part 4, for what a worker can do when it
# is cancelled.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# Write workers as in exercise 3, with `queue.task_done()` in a `finally`; the `try` begins *after*
# `queue.get()`. A worker that is cancelled notes its item and raises again. After
# `await closing.wait()`: `await queue.join()` within a timeout,
# cancel the workers, wait for them, and empty the queue with `get_nowait`.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("drain")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Python 3.13 has `queue.shutdown()`. What does it do for you, and what must you still do?
# </details>

# %% [markdown]
# ---
# **Done?** Click **Validate** above this notebook, or run `python3 -m autograder check
# work/09_queues/09_queues.ipynb` in the course folder. Both run all tests, also the hidden
# ones, as your instructor would.
