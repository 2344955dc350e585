# The lab of unit 07. What is judged is what the servers saw; the loop's limit is 0.1 s everywhere.
# Blocking answers hold it for 0.45 s or more, right ones were measured at 2 to 30 ms. Where a pause
# is judged, right ones are 5 to 20 ms late, the bound is 0.3 s, and named wrong ones are 1.4 s off.

# %% [markdown]
# # Lab 07 · Be a good guest
#
# Three exercises, 60 points: two core ones (50) and a stretch one (10).
#
# Write your program in place of `raise NotImplementedError()`, then run the test cell below it. The
# servers keep a record: who connected, who asked what and when, who was refused. The tests read that
# record, so *every* program that behaves well is right. Any client is fine: aiohttp, a blocking one
# in threads of your own, or httpx. (If you take httpx: to make a client holds the loop for some time,
# see part 2 of the lesson, so make it only once.) A hidden test does the same with other inputs.
#
# Stuck? Each exercise has hints below it. They cost no points. The folded cells hold what the tests
# need.

# %% setup="tools" jupyter={"source_hidden": true}
import asyncio
import itertools
import json
import random
import threading
import time  # noqa: F401 (some of these are for your answers)
from collections import Counter
from concurrent.futures import ThreadPoolExecutor  # noqa: F401
from contextlib import suppress  # noqa: F401
from dataclasses import dataclass  # noqa: F401

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
# `!dog corgi` asks a small web server for a picture. On Saturday night, 50 people use it at the same
# moment. The server's owner is a friend of ours, and has one wish: **at most five connections**.
# That means five in total, not five at a time.
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
# **Your turn.** At most five connections are ever opened. All five are in use: the server sees five
# requests at the same time. Everybody gets the right dog. Limit: hold the loop for less than
# **100 ms** at a time.

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
# <details><summary>Hint 2: where to look</summary>
#
# Part 2, what a session keeps, and in part 3 the cell with `modest`.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# `__aenter__` makes one session: `self.session = aiohttp.ClientSession(connector=...)`, and the
# connector has a `limit`. `__aexit__` closes it: `await self.session.close()`. `dog` is the worked
# example without its first line.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("dogs")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
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
# away. `post_all` must
#
# 1. post the lines **in their order**, each as the JSON `{"line": ...}`;
# 2. after a 429 stay away for as long as the header says, then send the *same* line again: **no
#    line is refused twice**;
# 3. and not wait when nobody asked it to, nor for more than 0.3 s longer than it was asked to;
# 4. return how often it was refused.
#
# Limit: hold the loop for less than **100 ms** at a time.

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
        raise WrongValue(f"The wall has {taken}; expected {lines}.")

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
# <details><summary>Hint 2: where to look</summary>
#
# Part 4, `patient`.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# A `for` over the lines, in it a `while True` that is left by `break` when `reply.status != 429`.
# Otherwise `pause = float(reply.headers["Retry-After"])`, count, and `await asyncio.sleep(pause)`.
# The header is text, and it may have a fraction: `int` would not do.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("rate_limit")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Two commands post to the same wall at the same time. Why are lines refused twice now, and what must
# the two share? (Part 5 of the lesson.)
# </details>

# %% [markdown] exercise="names" limit=0.1 stretch=true
# ---
# ## 3 · Forty names *(stretch)*
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
# <details><summary>Hint 2: where to look</summary>
#
# Part 6, `by_aiodns`.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# One resolver, and `asyncio.gather` over `resolver.query_dns(name, "A")` for all names, inside the
# `async with`. Then a dict from `zip(names, found)`. Or dnspython in a pool of your own, with as
# many threads as there are names.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("names")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# One of the names does not exist. Return `None` for it, and the addresses of the others all the
# same.
# </details>

# %% [markdown]
# ---
# **Done?** Click **Validate** above this notebook, or run `python3 -m autograder check
# work/07_network/07_network.ipynb` in the course folder. Both grade the notebook as your instructor
# would, hidden tests included.
