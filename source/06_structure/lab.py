# The lab of unit 06. What is graded is what the web server saw: it holds its replies, lets them go
# one by one, and looks for the next request, so that only a deadline rests on a clock. Waits for
# something that must come: 1 s; right answers came after 1 to 52 ms (two cores, a load of 16). The
# deadline is 0.65 s, in the middle of the third attempt at a page that hangs (0.56 to 0.76 s);
# "still trying" means after 2.6 s. A seal, and a tape's last seconds, take 0.45 s: 4.5 limits.

# %% [markdown]
# # Lab 06 · Many things at the same time, and none lost
#
# There are six exercises, 115 points: four core ones (75) and two stretch ones (40). Run the cells in
# order, from the top.
#
# In each **answer cell** replace `raise NotImplementedError()` by your program, then run the
# **test cell** below it. The web server of this lab controls the timing: it holds its replies back,
# sends one, and checks what your program does next. The tests do not read your source, so *every*
# program passes that does the work and leaves the loop free. A hidden test does the same with other
# inputs.
#
# If a test fails, its message says what happened and where. Stuck? Each exercise has hints below it.
# They cost no points. The folded cells have what the tests need.

# %% setup="tools" jupyter={"source_hidden": true}
import asyncio
import gc
import itertools
import random
import threading
import time
import weakref
from contextlib import suppress
from types import SimpleNamespace

import aiohttp
import requests
from discord.utils import maybe_coroutine

from autograder import watch, world
from autograder.testing import Inconclusive, LoopBlocked, WrongValue, beside, right, wrong

servers = await world.start("http")

# %% setup="verdicts" jupyter={"source_hidden": true}
NAMES = "ada bo cy dee eve fay gus hal ivy jo kim lou max nan oz".split()


# %% [markdown]
# This function fetches a page. You may use it:

# %% setup="fetching"
async def fetch(url):
    """Return the JSON that a page sends; raise aiohttp.ClientError when it sends an error."""
    async with aiohttp.ClientSession() as session, session.get(url) as page:
        page.raise_for_status()
        return await page.json()

# %% [markdown]
# ---
# ## 1 · A picture of every member, a few at a time
#
# `!gallery` fetches the picture of each member. All at the same time is not allowed (the web server
# refuses too many requests), and one after the other is slow.
#
# **Worked example.** All at the same time:
#
# ```python
# async def fetch_all(urls):
#     async with asyncio.TaskGroup() as group:
#         tasks = [group.create_task(fetch(url)) for url in urls]
#     return [task.result() for task in tasks]
# ```

# %% [markdown] exercise="bounded" limit=0.1
# **Your turn.** Keep exactly `most` requests under way as long as there are pages left to request: when
# one request is answered, the next one starts, even if the others take all day. The number is for
# **one call** of `fetch_all`. (In a bot one gate serves all calls; here each call brings a number of its
# own.) Limit, as everywhere in this lab: hold the loop for less than **100 ms** at a time.

# %% answer="bounded"
async def fetch_all(urls, most):
    """Return what the pages at `urls` send, in the order of `urls`.

    Of this call, exactly `most` requests are under way as long as there are pages left to request,
    and never more.
    """
    ### BEGIN SOLUTION
    gate = asyncio.Semaphore(most)

    async def through_the_gate(url):
        async with gate:
            return await fetch(url)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(through_the_gate(url)) for url in urls]
    return [task.result() for task in tasks]
    ### END SOLUTION

# %% setup="bounded_pages" jupyter={"source_hidden": true}
async def gallery(number):
    """Put up this many pages, and hold them all; return what each one sends, by its path."""
    await servers.http.reset()
    pages = {}
    for name in random.sample(NAMES, number):
        path, picture = f"/{name}/{random.randint(1, 10**9)}", f"{random.randint(1, 10**6)}.png"
        pages[path] = {"picture": picture}
        await servers.http.plan(path=path, body=pages[path])
        await servers.http.hold(path=path)
    return pages


def addresses(pages):
    return [servers.http.url + path for path in pages]


async def under_way():
    """The paths that have been asked for and not yet answered."""
    return [e["path"] for e in await servers.http.log() if "seconds" not in e]


async def let_go(pages):
    """Answer what is held on these pages, and hold no more."""
    for path in pages:
        with suppress(Exception):  # some are not held any more
            await servers.http.release(path)

# %% setup="bounded_gatekeeper" jupyter={"source_hidden": true}
async def gatekeeper(pages, most):
    """Answer the held pages one by one, at random; return what is wrong with how they came."""
    try:
        for answered in range(len(pages) - most + 1):
            if not await servers.http.arrived(most + answered, timeout=1):
                return too_few(most) if answered == 0 else in_batches(most)
            if await servers.http.arrived(most + answered + 1, timeout=0.03 if answered else 0.25):
                await asyncio.sleep(0.1)
                return too_many(most)
            if not (waiting := await under_way()):
                return "The requests were given up before they were answered."
            await servers.http.release(random.choice(waiting))
        return ""
    finally:
        await let_go(pages)


def too_few(most):
    came = servers.http.counters()["requests"]
    return (
        f"{most} requests may be under way at the same time; there were {came}. The others wait for "
        "an answer that has not come yet. Make a task for each page."
    )


def too_many(most):
    peak = servers.http.counters()["peak"]
    return f"There were {peak} requests at the same time; the limit is {most}."


def in_batches(most):
    return (
        f"One of {most} requests was answered, and no other request took its place: the free place "
        "is empty until the slowest request is answered, as in a batch."
    )

# %% test="bounded_check" points=20
pages = await gallery(8)
report, said = await beside(watch(fetch_all, addresses(pages), 3), gatekeeper(pages, 3))
report.responsive(0.1)
if said:
    wrong(report, said)
report.returned(list(pages.values()))
### BEGIN HIDDEN TESTS
most = random.choice([2, 4, 5])
pages = await gallery(most + random.randint(3, 5))
report, said = await beside(watch(fetch_all, addresses(pages), most), gatekeeper(pages, most))
report.responsive(0.1)
if said:
    wrong(report, said)
report.returned(list(pages.values()))
### END HIDDEN TESTS
right(report, 20)

# %% [markdown] hints="bounded"
# <details><summary>Hint 1: a question</summary>
#
# Four people want to use three places. When does the fourth person get one: when one of the three
# has left, or when all three have left?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 1, *A few at a time*: the version with the Semaphore.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# Make **one** `asyncio.Semaphore(most)`. Write a small coroutine function that fetches one page
# inside `async with gate:`. Then start one task per page in a TaskGroup, as in the worked example.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("bounded")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# With a hundred thousand pages, a task for each is a waste. Do it with `most` workers that take
# their addresses from one iterator. Unit 09 makes that a queue.
# </details>

# %% [markdown]
# ---
# ## 2 · A job in the background
#
# `!vote` says "the vote is open" and returns immediately. The counting goes on in the background, for
# hours. If it fails, the bot should tell you.
#
# **The current version** has two faults:
#
# ```python
# def in_background(job, complain):
#     asyncio.create_task(job)
# ```

# %% [markdown] exercise="background" limit=0.1
# **Your turn.** Write `in_background` so that no job vanishes, none fails in silence, and none is
# kept when it is over. It returns immediately. Limit: hold the loop for less than **100 ms** at a
# time. `complain` is an ordinary function that takes the exception.

# %% answer="background"
running = set()  # outside of all functions: it lives as long as the program


def in_background(job, complain):
    """Start the coroutine `job` in a task of its own, and return the task immediately.

    The job runs to its end even if no other code keeps the task. If it raises an error, call
    `complain(error)`. A job that is cancelled stays cancelled; that is no error, and nothing is
    logged. When the job is over, however it ended, keep nothing of it.
    """
    ### BEGIN SOLUTION
    task = asyncio.create_task(job)
    running.add(task)

    def over(task):
        running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            complain(task.exception())

    task.add_done_callback(over)
    return task
    ### END SOLUTION

# %% setup="background_jobs" jupyter={"source_hidden": true}
async def count(url, name, fate, doors):
    """A job that waits until its door is opened, to which only the job itself refers."""
    door = asyncio.get_running_loop().create_future()
    doors[name] = weakref.ref(door)
    await door
    if fate == "fails":
        raise ValueError(f"no votes for {name}")
    await fetch(f"{url}?name={name}")


def gone(references):
    """The names whose object is deleted, after the garbage collector has run."""
    gc.collect()
    return [name for name, reference in references.items() if reference() is None]


async def election(url, fates):
    """Start a job for each name and keep none; return how it went, step by step."""
    gc.freeze()  # the collector looks at what is made from here on, which takes no time
    doors, told, voters = {}, [], {}
    raised = raised_in_callbacks(asyncio.get_running_loop())
    for name, fate in fates.items():
        job = count(url, name, fate, doors)
        task = in_background(job, lambda error: told.append(f"{type(error).__name__}: {error}"))
        if not isinstance(task, asyncio.Task):
            return {"not a task": type(task).__name__}
        voters[name] = weakref.ref(task)
    del job, task
    await asyncio.sleep(0.02)
    vanished, ends = gone(doors), await counted(fates, doors, voters)
    return {"vanished": vanished, **ends, "told": sorted(told), "raised": raised}

# %% setup="background_count" jupyter={"source_hidden": true}
async def counted(fates, doors, voters):
    """Let each job that is left come to its end; return how each ended, and what is still kept."""
    alive = {name: task() for name, task in voters.items() if task() is not None}
    for name, fate in fates.items():
        door = doors[name]()
        if fate == "is cancelled" and name in alive:
            alive[name].cancel()
        elif door is not None:
            door.set_result(None)
    door = None
    await asyncio.wait(alive.values(), timeout=2) if alive else None
    await asyncio.sleep(0.02)
    cancelled = [name for name, task in alive.items() if task.cancelled()]
    alive.clear()
    lost = gone(voters)
    gc.unfreeze()
    return {"cancelled": cancelled, "kept": [name for name in voters if name not in lost]}


def fates(*ends):
    """A name for each end that a job may come to."""
    return dict(zip(random.sample(NAMES, len(ends)), ends, strict=True))

# %% setup="background_log" jupyter={"source_hidden": true}
def raised_in_callbacks(loop):
    """Return a list that gets what callbacks of this loop raise from now on; it is logged, too."""
    raised, log = [], loop.get_exception_handler()

    def note(loop, context):
        if "handle" in context:
            raised.append(repr(context["exception"]))
        log(loop, context)

    loop.set_exception_handler(note)
    return raised


def quiet(raised):
    """Raise WrongValue if a callback raised an error."""
    if raised:
        raise WrongValue(
            f"The jobs came to the right ends, but a callback of yours raised {raised[0]}, and "
            "asyncio logs that. (For a cancelled task, `task.exception()` raises CancelledError: ask "
            "`task.cancelled()` first.)"
        )

# %% setup="background_judge" jupyter={"source_hidden": true}
async def elected(report, path, fates):
    """Raise WrongValue unless each job came to its own end, and each error was told."""
    seen = report.value
    if "not a task" in seen:
        raise WrongValue(f"`in_background` must return the task, not a {seen['not a task']}.")
    named = {end: [n for n in fates if fates[n] == end] for end in fates.values()}
    if seen["vanished"]:
        raise WrongValue(
            f"While it waited, the job of {seen['vanished'][0]} vanished: the garbage collector "
            "ran, and nothing kept its task."
        )
    did = [e["query"].get("name") for e in await servers.http.log() if e["path"] == path]
    if sorted(did) != sorted(named["ends"]):
        raise WrongValue(f"The jobs of {named['ends']} should have come to their end; {did} did.")
    if seen["cancelled"] != named["is cancelled"]:
        raise WrongValue(
            f"The task of {named['is cancelled'][0]} was cancelled, and ended as if nothing had "
            "happened: a CancelledError must go on."
        )
    told = sorted(f"ValueError: no votes for {name}" for name in named["fails"])
    if seen["told"] != told:
        raise WrongValue(f"`complain` should have been told {told}; it was told {seen['told']}.")
    quiet(seen["raised"])
    if seen["kept"]:
        raise WrongValue(
            f"The job of {seen['kept'][0]} is over, but its task is still kept. Over a year these "
            "tasks fill the memory: take each out of your set when it is over."
        )

# %% test="background_check" points=20
path, jobs = f"/votes/{random.randint(1, 10**9)}", fates("ends", "fails", "is cancelled")
report = await watch(election, servers.http.url + path, jobs)
report.responsive(0.1)
await elected(report, path, jobs)
### BEGIN HIDDEN TESTS
path = f"/votes/{random.randint(1, 10**9)}"
jobs = fates("is cancelled", "ends", "fails", "ends", "fails", "ends")
report = await watch(election, servers.http.url + path, jobs)
report.responsive(0.1)
await elected(report, path, jobs)
### END HIDDEN TESTS
right(report, 20)

# %% [markdown] hints="background"
# <details><summary>Hint 1: a question</summary>
#
# What could keep the task between the start of the job and its end? Only something that exists all
# the time.
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 2: the set, the callback that empties it, and *And when it fails?*
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# Use the set `running` above the function. Inside the function: `create_task`, `add` the task to the
# set, `add_done_callback`, `return` the task. The callback gets the task: `discard` it from the set.
# Then, unless `task.cancelled()`, look at `task.exception()`, which is None if the job raised no error.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("background")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# The bot shuts down. Write `await end_all()`, which cancels all jobs that are still running and
# returns when they have ended. Unit 09 asks what to do with work that should not be cut short.
# </details>

# %% [markdown]
# ---
# ## 3 · Try again, but not forever
#
# The page of the weather sometimes fails, and sometimes it hangs. Then `!weather` tries again. But
# ada wants an answer soon, or a "sorry".
#
# **Worked example.** One attempt, and not forever:
#
# ```python
# async with asyncio.timeout(deadline):
#     return await fetch(url)
# ```

# %% [markdown] exercise="stubborn" limit=0.1
# **Your turn.** Write `stubborn`. The deadline is for all attempts and pauses together, also if it
# comes in the middle of an attempt. An error that a page sends is an `aiohttp.ClientError`. Limit:
# hold the loop for less than **100 ms** at a time.

# %% answer="stubborn"
async def stubborn(url, patience, pause, deadline):
    """Return what `fetch(url)` returns; when that fails, try again.

    An attempt that takes more than `patience` seconds is given up, and has failed. Between two
    attempts there are `pause` seconds. When `deadline` seconds have passed in all, give up what is
    under way then, and raise TimeoutError.
    """
    ### BEGIN SOLUTION
    async with asyncio.timeout(deadline):
        while True:
            with suppress(aiohttp.ClientError, TimeoutError):
                async with asyncio.timeout(patience):
                    return await fetch(url)
            await asyncio.sleep(pause)
    ### END SOLUTION

# %% setup="stubborn_three" jupyter={"source_hidden": true}
PATIENCE, PAUSE, DEADLINE, TOO_LONG = 0.2, 0.08, 0.65, 2.6  # seconds


async def attempt(url):
    try:
        return await stubborn(url, PATIENCE, PAUSE, DEADLINE)
    except TimeoutError:
        return "TimeoutError"


async def together(urls):
    """What `stubborn` does at each url, at the same time; None where it goes on for too long."""
    attempts = [asyncio.create_task(attempt(url)) for url in urls]
    ended, endless = await asyncio.wait(attempts, timeout=TOO_LONG)
    for task in endless:
        task.cancel()
    return [task.result() if task in ended else None for task in attempts]


async def weather(times):
    """Put up a page that fails this often, one that hangs once, and two that never answer well."""
    await servers.http.reset()
    kinds = ("flaky", "hanging", "broken", "silent")
    paths = [f"/{kind}/{random.randint(1, 10**9)}" for kind in kinds]
    await servers.http.plan(path=paths[0], status=503, times=times)
    await servers.http.plan(path=paths[1], delay=9, times=1)
    await servers.http.plan(path=paths[2], status=503)
    await servers.http.plan(path=paths[3], delay=9)
    return paths


def used_up(report, ended, asked):
    """Raise Inconclusive when several attempts, each a little late, used up the deadline together."""
    several = [tries for end, tries in zip(ended, asked, strict=True) if end == "TimeoutError"]
    if any(len(tries) > 1 for tries in several) and report.late_by_machine > 0.05:
        raise Inconclusive("This machine was too busy for several attempts: run it again.")

# %% setup="stubborn_judge" jupyter={"source_hidden": true}
async def stubborn_enough(report, paths, times):
    """Raise WrongValue unless the server saw each page asked as it should have been."""
    flaky, hanging, broken, silent = report.value
    log = await servers.http.log()
    asked = [[e["at"] for e in log if e["path"] == path] for path in paths]
    if not all(asked):
        raise WrongValue(f"Your program never asked the server for {paths[asked.index([])]}.")
    used_up(report, (flaky, hanging), asked[:2])
    # On a busy machine a good attempt may run out of patience: one more is right then, too.
    if flaky != {"path": paths[0], "number": len(asked[0])} or len(asked[0]) <= times:
        so_often = f"{len(asked[0])} attempt{'s' if len(asked[0]) > 1 else ''}"
        wrong(report, f"A page failed {times} times; `stubborn` ended with {flaky} ({so_often}).")
    if hanging != {"path": paths[1], "number": len(asked[1])}:
        said = "A page hung, and its next answer was good; `stubborn` ended with"
        wrong(report, f"{said} {hanging}. Was the first attempt given up after {PATIENCE} s?")
    in_time(report, broken, asked[2], "fails")
    in_time(report, silent, asked[3], "hangs")


def in_time(report, ended, attempts, page):
    """Raise WrongValue unless attempts at a page that always fails, or hangs, end in time."""
    if ended is None:
        wrong(
            report,
            f"A page always {page}. The deadline for all attempts is {DEADLINE} s, but after "
            f"{TOO_LONG} s `stubborn` was still trying (attempt {len(attempts)}). Does an `except` "
            "catch the cancellation with which a timeout ends its block?",
        )
    if ended != "TimeoutError":
        wrong(report, f"A page always {page}: expected a TimeoutError, and `stubborn` got {ended}.")
    if len(attempts) < 2:
        wrong(report, f"A page always {page}: one attempt in {DEADLINE} s; expected at least two.")
    pause = min(after - before for before, after in itertools.pairwise(attempts))
    if pause < PAUSE / 2:
        raise WrongValue(f"Between two attempts {PAUSE} s should pass; it was {pause:.3f} s.")

# %% test="stubborn_check" points=20
paths = await weather(2)
report = await watch(together, [servers.http.url + path for path in paths])
report.responsive(0.1)
await stubborn_enough(report, paths, 2)
### BEGIN HIDDEN TESTS
times = random.choice([1, 3])
paths = await weather(times)
report = await watch(together, [servers.http.url + path for path in paths])
report.responsive(0.1)
await stubborn_enough(report, paths, times)
### END HIDDEN TESTS
right(report, 20)

# %% [markdown] hints="stubborn"
# <details><summary>Hint 1: a question</summary>
#
# There are two timeouts: one for the attempt, and one for all attempts together. Which of them
# begins once, and which begins again with each attempt?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 4, the timeout inside a timeout, and what the bare `except` did there.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# On the outside `async with asyncio.timeout(deadline):`, inside it `while True:`, inside that a `try`
# with `async with asyncio.timeout(patience): return await fetch(url)`. Catch `aiohttp.ClientError` and
# `TimeoutError` there, and nothing more. The pause comes after the `try`.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("stubborn")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Thousands of bots that all try again after the same pause come back at the same moment. Make each
# pause twice as long as the one before, and multiply it by `random.uniform(0.5, 1.5)`.
# </details>

# %% [markdown]
# ---
# ## 4 · The nightly loop
#
# Each night the bot gets the scores of the season, sends them to an office that signs them (the
# *notary*; this takes half a second), and shows the signature (the *seal*) on the web site. Since the
# third night of May the site has shown the same seal: on that night there were no scores. Here a night
# comes every 0.1 s, which is `INTERVAL`.

# %% setup="nightly_given"
INTERVAL = 0.1  # seconds
NOTARY = SimpleNamespace(url="")  # the test puts the notary's address here


def seal(scores):
    """Return the notary's seal of a list of scores; wait for it, about half a second.

    Raises ValueError when there are no scores, and TypeError when one of them is not a number.
    """
    if not scores:
        raise ValueError("no scores tonight")
    best_first = "-".join(map(str, sorted(scores, reverse=True)))
    return requests.get(f"{NOTARY.url}/notary", {"scores": best_first}, timeout=5).json()


class Site:
    """The web site of the season."""

    def __init__(self, url):
        self.url = url

    async def scores(self):
        return await fetch(self.url + "/scores")

    async def put_up(self, seal):
        await fetch(f"{self.url}/table?seal={seal}")

# %% [markdown]
# **The current version** has several faults:
#
# ```python
# class Nights(commands.Cog):
#     def __init__(self, site, complain):
#         self.site, self.complain = site, complain
#
#     async def cog_load(self):
#         self.night.start()
#
#     async def cog_unload(self):
#         self.night.cancel()
#
#     @tasks.loop(seconds=INTERVAL)
#     async def night(self):
#         scores = await self.site.scores()
#         await self.site.put_up(seal(scores))
# ```

# %% [markdown] exercise="nightly" limit=0.1
# **Your turn.** Write the cog so that it survives a night that fails, and tells you about it. Limit:
# hold the loop for less than **100 ms** at a time. `seal` blocks the thread that calls it. The test
# loads the cog without a bot, as discord.py would. You may use `tasks.loop`, or any other way.

# %% answer="nightly"
from discord.ext import commands, tasks


class Nights(commands.Cog):
    """Every INTERVAL seconds: get the scores, call `seal` with them, put up what it returns.

    A night begins only when the previous night is over. If `seal` raises an error, the night
    ends with one `await complain(error)`, and the next night begins after the interval, as after
    any other night. `cog_load` starts the nights. After `cog_unload` no night begins, and no task
    is left, also if `cog_unload` comes in the middle of a night.
    """

    def __init__(self, site, complain):
        """`site.scores`, `site.put_up` and `complain` are `async def` functions: await each call."""
        self.site, self.complain = site, complain

    async def cog_load(self):
        ### BEGIN SOLUTION
        self.night.start()
        ### END SOLUTION

    async def cog_unload(self):
        ### BEGIN SOLUTION
        self.night.cancel()
        ### END SOLUTION

    @tasks.loop(seconds=INTERVAL)
    async def night(self):
        ### BEGIN SOLUTION
        try:
            scores = await self.site.scores()
            await self.site.put_up(await asyncio.to_thread(seal, scores))
        except Exception as error:
            await self.complain(error)
        ### END SOLUTION

# %% setup="nightly_season" jupyter={"source_hidden": true}
SEALING, FAILING, QUIET = 0.45, 1.0, 0.5  # seconds: a seal; nights that fail; no night after all
HELD = ("/notary", "/unload", "/gone")


async def season(url):
    """Load the cog, and unload it when the web server says so; return how many tasks are left."""
    NOTARY.url = url
    log_the_first_error(asyncio.get_running_loop())

    async def complain(error):
        await fetch(f"{url}/mods?error={type(error).__name__}")

    cog = Nights(Site(url), complain)
    await maybe_coroutine(cog.cog_load)
    await fetch(url + "/unload")  # this reply and the next one are held until it is time
    await maybe_coroutine(cog.cog_unload)
    await fetch(url + "/gone")
    return len(asyncio.all_tasks()) - 1


def log_the_first_error(loop):
    """Let the loop log one error and no more: `restart()` can bring a hundred of them in a second."""
    log, logged = loop.get_exception_handler(), []

    def note(loop, context):
        if not logged:
            logged.append(True)
            log(loop, context)

    loop.set_exception_handler(note)


async def season_begins():
    """Put up the scores and the notary's seal of them, and hold some replies; return both."""
    await servers.http.reset()
    scores, stamp = random.sample(range(100), 5), f"{random.randrange(16**8):08x}"
    await servers.http.plan(path="/scores", body=scores)
    await servers.http.plan(path="/notary", body=stamp)
    for path in HELD:
        await servers.http.hold(path=path)
    return scores, stamp


def requests_for(path):
    return servers.http.counters()["paths"].get(path, {"requests": 0})["requests"]

# %% setup="nightly_first" jupyter={"source_hidden": true}
async def first_night(scores, stamp):
    """Let the first seal take SEALING seconds; return what is wrong with the first night."""
    http = servers.http
    if not await http.arrived(1, path="/scores", timeout=1):
        return "The cog was loaded, and 1 s later it had not asked for the scores."
    if not await http.arrived(1, path="/notary", timeout=1):
        return "The cog asked for the scores, and 1 s later it had not called `seal` with them."
    if await http.arrived(2, path="/scores", timeout=SEALING):
        return "The notary was still sealing the scores of one night, and another night had begun."
    await http.release(path="/notary")
    if not await http.arrived(1, path="/table", timeout=1):
        return "The scores were sealed, and 1 s later no seal was put up."
    log = await http.log()
    sealed, put_up = (
        next(e["query"].get(key) for e in log if e["path"] == path)
        for path, key in (("/notary", "scores"), ("/table", "seal"))
    )
    right_scores = "-".join(map(str, sorted(scores, reverse=True)))
    if sealed != right_scores:
        return f"`seal` should have been called with the scores {scores}; it sealed {sealed}."
    return "" if put_up == stamp else f"The site shows the seal {put_up}; expected {stamp}."


async def good_nights(number):
    """Wait until this many tables were put up; return what is wrong."""
    if await servers.http.arrived(number, path="/table", timeout=3):
        return ""
    return f"{number} nights were due in less than 3 s; {requests_for('/table')} seals were put up."

# %% setup="nightly_failures" jupyter={"source_hidden": true}
def failures(log):
    """When each night began whose scores were not sealed, and the errors that were told."""
    steps = [e for e in log if e["path"] in ("/scores", "/notary")]
    failed = [
        one["at"]
        for one, after in itertools.pairwise(steps)
        if one["path"] == after["path"] == "/scores"
    ]
    return failed, [e["query"].get("error") for e in log if e["path"] == "/mods"]


def over(told):
    """What to say when no night comes after one that failed."""
    how = (
        "(`complain` was told.) After `@night.error` the loop is over, and inside of it `start()` "
        "raises an error: catch the error inside the body of the night."
        if told
        else "A `tasks.loop` is over when an error leaves its body: catch the error inside the body."
    )
    return f"A night failed, and no night came after it. {how}"

# %% setup="nightly_failing" jupyter={"source_hidden": true}
async def bad_nights(scores, bad):
    """Send scores that cannot be sealed for a while; return what is wrong with those nights."""
    http = servers.http
    await http.plan(path="/scores", body=bad)
    await http.arrived(requests_for("/scores") + 1, path="/scores", timeout=1)
    await asyncio.sleep(FAILING)
    await http.plan(path="/scores", body=scores)
    went_on = await http.arrived(requests_for("/table") + 1, path="/table", timeout=3)
    log = await http.log()
    if not went_on:
        return over(failures(log)[1])
    began = [e["at"] for e in log if e["path"] == "/scores"]
    seconds = began[-1] - began[0]  # since the first night of all: `tasks.loop` makes up for lost time
    if len(began) > 1.2 * seconds / INTERVAL + 4:  # 28 in 2 s; right answers: up to 21
        return (
            f"Some nights failed, and {len(began)} nights began in {seconds:.1f} s; one every "
            f"{INTERVAL} s is due. (`restart()` begins the next night immediately: sleep for the "
            "interval first.)"
        )
    return ""

# %% setup="nightly_waits" jupyter={"source_hidden": true}
async def until(true, seconds):
    """Wait until `await true()` is true, for at most `seconds`; return whether it is."""
    ends = time.monotonic() + seconds
    while not (found := await true()) and time.monotonic() < ends:
        await asyncio.sleep(0.02)
    return found


async def in_a_night():
    """Whether a night waits for its reply at this moment."""
    return "/table" in await under_way()


async def cut_off():
    """Whether the night was cancelled, or `cog_unload` has returned."""
    return requests_for("/gone") or not await in_a_night()

# %% setup="nightly_last" jupyter={"source_hidden": true}
async def last_night():
    """Unload the cog in the middle of a night; return what is wrong with what comes after it."""
    http = servers.http
    await http.hold(path="/table")
    if not await until(in_a_night, 1):
        return "The scores were good again, and 1 s later no seal was put up."
    await http.release(path="/unload")
    await until(cut_off, 0.3)
    await http.release(path="/table")  # a cog may wait for the end of its night
    if not await http.arrived(1, path="/gone", timeout=2):
        return "`cog_unload` was called in the middle of a night; 2 s later it had not returned."
    if await http.arrived(requests_for("/scores") + 1, path="/scores", timeout=QUIET):
        return (
            "The cog was unloaded in the middle of a night, and the nights went on. Does `cog_unload` "
            "end them? Or did an `except` catch the cancellation, as if it were an error?"
        )
    return ""


def free(report):
    """As `report.responsive`; says what to do about a block in `seal`."""
    try:
        report.responsive(0.1)
    except LoopBlocked as blocked:
        if report.blocks[0].function != "seal":
            raise
        raise LoopBlocked(
            f"{blocked} `seal` was called on the loop: give `asyncio.to_thread` the function and, "
            "after a comma, its arguments."
        ) from None

# %% setup="nightly_judge" jupyter={"source_hidden": true}
async def clerk(scores, stamp, good, bad):
    """Lead the cog through a season; return what was wrong with it first."""
    try:
        return (
            await first_night(scores, stamp)
            or await good_nights(6 + good)  # the first five may follow the long night immediately
            or await bad_nights(scores, bad)
            or await last_night()
        )
    finally:
        await let_go([*HELD, "/table"])


async def slept_well(report, said, error):
    """Raise an outcome unless the loop was free, the clerk content, and each error told once."""
    free(report)
    if said:
        wrong(report, said)
    failed, told = failures(await servers.http.log())
    if len(told) != len(failed):
        wrong(report, f"{len(failed)} nights failed, and `complain` was told of {len(told)} errors.")
    if other := [one for one in told if one != error]:
        wrong(report, f"`complain` was told of {other[0]}; the nights had raised {error}.")
    if report.value:
        wrong(report, f"`cog_unload` had returned, and tasks were left: {report.value}.")

# %% test="nightly_check" points=15
scores, stamp = await season_begins()
run = watch(season, servers.http.url)
report, said = await beside(run, clerk(scores, stamp, 2, []))
await slept_well(report, said, "ValueError")
### BEGIN HIDDEN TESTS
scores, stamp = await season_begins()
run = watch(season, servers.http.url)
report, said = await beside(run, clerk(scores, stamp, random.choice([1, 3]), [31, None, 7]))
await slept_well(report, said, "TypeError")
### END HIDDEN TESTS
right(report, 15)

# %% [markdown] hints="nightly"
# <details><summary>Hint 1: a question</summary>
#
# A night raises an error. What hears of it, and what begins the next night? In part 5 of the lesson,
# run a loop whose body fails, and print `loop.is_running()` after it.
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 5 of the lesson: the nightly loop. For `seal`: unit 05, part 1. For what an `except` must let
# pass: part 4 of the lesson, *A stubborn loop*.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# `cog_load` and `cog_unload` have one line each, as in the current version. In the body, put a `try`
# around all lines, then `except Exception as error:` with one line. `await asyncio.to_thread(seal,
# scores)` gives the thread the function and, after a comma, its argument. `tasks.loop` waits for its
# body: you need no task of your own.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("nightly")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# `site.scores()` raises `aiohttp.ClientError`. Without your `except`, `tasks.loop` tells only its log,
# and runs the same night again after up to 2, 4, 8 s. When is that what you want? And what should the
# second run do if the first one failed after `seal`, before the seal was put up?
# </details>

# %% [markdown]
# ---
# ## 5 · The first answer counts (stretch)
#
# Several mirrors offer the same weather, and at every hour another mirror is slow. So `!weather` asks
# all of them, and takes the answer that comes first.
#
# **Worked example.** `gather` and the TaskGroup wait for all tasks. `asyncio.wait` can return when the
# first one is done. It returns two sets, the tasks that are done and the tasks that are pending:
#
# ```python
# pending = {asyncio.create_task(fetch(url)) for url in urls}
# done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
# ```
#
# It cancels nothing and raises nothing: the pending tasks go on, and a task that is done may have
# failed.

# %% [markdown] exercise="fastest" limit=0.1 stretch=true
# **Your turn.** Start from an empty cell. A mirror that sends an error has not answered. If all fail,
# raise `aiohttp.ClientError` (not tested). When the first answer is there, **cancel the other
# requests**, so that the mirrors can stop working on them. Limit: hold the loop for less than 100 ms at
# a time.

# %% answer="fastest"
async def fastest(urls):
    """Return what the first of the pages at `urls` sends that does not send an error.

    All are asked at the same time. When one has answered, cancel the requests to the others.
    """
    ### BEGIN SOLUTION
    pending = {asyncio.create_task(fetch(url)) for url in urls}
    try:
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if task.exception() is None:
                    return task.result()
        raise aiohttp.ClientError("no mirror has the weather")
    finally:
        for task in pending:
            task.cancel()
    ### END SOLUTION

# %% setup="fastest_race" jupyter={"source_hidden": true}
async def first_then_done(urls, done):
    """Ask for the first answer, and then for the page `done`: so the server sees what was first."""
    answer = await fastest(urls)
    await fetch(done)
    return answer


async def mirrors(number):
    """Put up mirrors that hold their answers, and one more that fails immediately."""
    pages = await gallery(number)
    await servers.http.plan(path="/broken", status=503)
    await servers.http.hold(path="/done")
    return pages, random.sample([*addresses(pages), servers.http.url + "/broken"], number + 1)


async def race(pages, winner):
    """Let one mirror answer; return what is wrong with what happens to the others."""
    http = servers.http
    try:
        if not await http.arrived(len(pages) + 1, timeout=1):
            came = http.counters()["requests"]
            return f"There are {len(pages) + 1} mirrors, and only {came} were asked before one answered."
        await asyncio.sleep(0.05)
        await http.release(winner)
        if not await http.arrived(1, path="/done", timeout=1):
            return "One mirror had answered, but `fastest` still waited. Return as soon as it has."
        return await given_up(pages)
    finally:
        await let_go([*pages, "/done"])

# %% setup="fastest_given_up" jupyter={"source_hidden": true}
async def given_up(pages):
    """Return what is wrong if, half a second after the answer, a mirror is still at work."""
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        at_work = [path for path in await under_way() if path in pages]
        if not at_work:
            return ""
        await asyncio.sleep(0.02)
    return (
        f"`fastest` had its answer, and {len(at_work)} of the mirrors were still at work: the "
        "requests to them go on. Cancel each task that is pending."
    )


def first(report, said, expected):
    """Check the loop, what the server saw, and the answer."""
    if report.error and report.error[0] == "ClientResponseError":
        raise WrongValue(
            "One mirror sent an error, and `fastest` took it for the answer; others would have "
            "answered a moment later."
        )
    report.responsive(0.1)
    if said:
        wrong(report, said)
    report.returned(expected)

# %% test="fastest_check" points=20
pages, urls = await mirrors(2)
winner = random.choice(list(pages))
run = watch(first_then_done, urls, servers.http.url + "/done")
report, said = await beside(run, race(pages, winner))
first(report, said, pages[winner])
### BEGIN HIDDEN TESTS
pages, urls = await mirrors(random.choice([3, 4]))
winner = random.choice(list(pages))
run = watch(first_then_done, urls, servers.http.url + "/done")
report, said = await beside(run, race(pages, winner))
first(report, said, pages[winner])
### END HIDDEN TESTS
right(report, 20)

# %% [markdown] hints="fastest"
# <details><summary>Hint 1: a question</summary>
#
# `asyncio.wait` has returned. What do you know about the tasks in `done`, and what happens to those in
# `pending`?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# The worked example above. In part 3 of the lesson: what happens to tasks that no code waits for.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# Call `asyncio.wait` in a loop, as long as tasks are pending: the first task that is done may have
# failed. `task.exception()` is None for a good one. Cancel the pending tasks in a `finally`.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("fastest")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Be kinder to the mirrors: ask the first, and only if it has not answered after 0.1 s, ask the
# second as well. Browsers choose between IPv6 and IPv4 in this way (RFC 8305, *Happy Eyeballs*).
# </details>

# %% [markdown]
# ---
# ## 6 · Leave nothing behind (stretch)
#
# `!record` connects to the voice server, and a thread writes down what is said. That goes on until the
# command is cancelled. The command must then stop its thread and wait for it. asyncio cannot raise
# an exception in a thread from outside: your code tells the thread to stop, and the thread looks.
#
# **Worked example.** This thread writes a line every 0.05 s, and looks at an Event. Its last line takes
# 0.3 s:
#
# ```python
# def write(enough, lines):
#     while not enough.wait(0.05):
#         lines.append("la")
#     time.sleep(0.3)
#     lines.append("the end")
#
#
# async def dictation(lines):
#     enough = threading.Event()
#     writing = asyncio.create_task(asyncio.to_thread(write, enough, lines))
#     try:
#         await asyncio.shield(writing)
#     finally:
#         enough.set()
#         await asyncio.wait([writing])
# ```
#
# `asyncio.shield(writing)` stands between us and the task: a `cancel` ends only our waiting, and
# `dictation` can wait for the task again, until the last line is `the end`. Without the shield, the
# `cancel` also ends the task `writing`, but not its thread. Then there is nothing to wait for, and
# `dictation` is over while the thread still writes. (`asyncio.wait` only waits: it does not raise the
# error of the task.) Do not put the shield around the whole command: a timeout would then end the
# waiting, and the command would go on with no code that waits for it.

# %% [markdown] exercise="clean_up" limit=0.1 stretch=true
# **Your turn.** Write `record(connection, tape)`. It gets a connection to the voice server, which has
# `await connection.open()` and `await connection.close()`. The tape has `tape.run()`, which blocks the
# thread that calls it, and `tape.stop()`, which tells `run` to end and returns immediately. After that,
# `run` needs about half a second to save its last seconds, and it uses the connection until it returns.
#
# When `record` is cancelled, it must do three things in this order: **tell the tape to stop, wait until
# it has stopped, close the connection**. And the task must **stay cancelled**. Limit, also at the end:
# hold the loop for less than 100 ms at a time.

# %% setup="clean_up_given" jupyter={"source_hidden": true}
SAVING = 0.45  # seconds


class Connection:
    """A connection to the voice server, which notes when it is opened and closed."""

    def __init__(self, url):
        self.url = url

    async def open(self):
        await fetch(self.url + "/open")

    async def close(self):
        await fetch(self.url + "/close")


class Tape:
    """Runs in the thread that calls `run`, until it is told to stop, and a little longer."""

    def __init__(self, url):
        self.url = url
        self.running, self._told = threading.Event(), threading.Event()

    def run(self):
        requests.get(self.url + "/on", timeout=5)
        self.running.set()
        self._told.wait(1.5)  # and not forever, so that a mistake costs no restart
        time.sleep(SAVING)
        requests.get(self.url + "/off", timeout=5)

    def stop(self):
        self._told.set()

# %% answer="clean_up"
async def record(connection, tape):
    """Open the connection and run the tape in a thread, until it ends or this task is cancelled.

    In both cases stop the tape, wait until its thread is done, and close the connection. If the
    task was cancelled, it ends cancelled.
    """
    ### BEGIN SOLUTION
    await connection.open()
    taping = asyncio.create_task(asyncio.to_thread(tape.run))
    try:
        await asyncio.shield(taping)
    finally:
        tape.stop()
        await asyncio.wait([taping])
        await connection.close()
    ### END SOLUTION

# %% setup="clean_up_tidy" jupyter={"source_hidden": true}
async def interrupted(urls):
    """Record at all urls at the same time, then cancel one by one; return how they ended."""
    tapes = [Tape(url) for url in urls]
    ended = [asyncio.create_task(record(Connection(tape.url), tape)) for tape in tapes]
    for tape in tapes:
        for _ in range(100):
            if not tape.running.is_set():
                await asyncio.sleep(0.01)
    for tape, task in zip(tapes, ended, strict=True):
        await fetch(tape.url + "/cancel")
        task.cancel()
        await asyncio.sleep(0.05)
    await asyncio.wait(ended, timeout=2.5)
    for task in ended:
        if task.done() and not task.cancelled():
            task.result()
    return ["cancelled" if t.cancelled() else "done" if t.done() else "going on" for t in ended]

# %% setup="clean_up_order" jupyter={"source_hidden": true}
async def tidy(report, paths):
    """Raise WrongValue unless the server saw each recording tidied up, in the right order."""
    for path, ended in zip(paths, report.value, strict=True):
        log = [e for e in await servers.http.log() if e["path"].startswith(path)]
        seen = [e["path"].removeprefix(path + "/") for e in log]
        if seen[:2] != ["open", "on"]:
            wrong(report, f"First the connection is opened, then the tape runs; there was {seen}.")
        if "close" not in seen:
            wrong(report, f"The recording was cancelled, and its connection never closed: {seen}.")
        if seen != ["open", "on", "cancel", "off", "close"]:
            wrong(
                report,
                "The connection is closed when the tape has ended ('off'), and not before; "
                f"the server saw {seen}.",
            )
        saving = log[3]["at"] - log[2]["at"]
        if saving < SAVING:
            wrong(
                report,
                f"The tape needs {SAVING} s to save its last seconds, but it was off {saving:.2f} s "
                "after the cancel. Did `tape.run` run, in a thread, until its own end?",
            )
        if ended != "cancelled":
            raise WrongValue(f"`record` was cancelled, and it is {ended}: it must stay cancelled.")

# %% test="clean_up_check" points=20
path = f"/voice/{random.randint(1, 10**9)}"
report = await watch(interrupted, [servers.http.url + path])
report.responsive(0.1)
await tidy(report, [path])
### BEGIN HIDDEN TESTS
paths = [f"/voice/{number}" for number in random.sample(range(10**9), 2)]
report = await watch(interrupted, [servers.http.url + path for path in paths])
report.responsive(0.1)
await tidy(report, paths)
### END HIDDEN TESTS
right(report, 20)

# %% [markdown] hints="clean_up"
# <details><summary>Hint 1: a question</summary>
#
# `await asyncio.to_thread(tape.run)` is cancelled. What is left that your code can wait for?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# The worked example above. Part 4 of the lesson: what runs when a task is cancelled.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# Make a task of `asyncio.to_thread(tape.run)`, and wait for `asyncio.shield(task)`: then a `cancel`
# ends only the waiting. In the `finally`: `tape.stop()`, `await asyncio.wait([task])`, `await
# connection.close()`. A `finally` catches nothing, so the task stays cancelled.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("clean_up")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# The task is cancelled a second time, while the tape saves its last seconds. What does your version do
# then? Write it as an `async with`, and see whether it gets clearer.
# </details>

# %% [markdown]
# ---
# **Done?** Click **Validate** above this notebook, or run `python3 -m autograder check
# work/06_structure/06_structure.ipynb` in the course folder. Both run all tests, also the hidden
# ones, as your instructor would.
