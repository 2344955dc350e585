# The lab of unit 06. What is graded is what the web server saw: it holds its replies, lets them go
# one by one, and looks for the next request, so that only a deadline rests on a clock. Waits for
# something that must come: 1 s; right answers came after 1 to 52 ms (two cores, a load of 16). The
# deadline is 0.6 s, "still trying" means after 2.4 s. A tape ends 0.45 s after it was told to, 4.5
# times the limit.

# %% [markdown]
# # Lab 06 · Many things at once, and none lost
#
# Five exercises, 100 points, 30 to 45 minutes; the fifth (20 points) is for those who want more.
# Run the cells in order, from the top.
#
# In each **answer cell** replace `raise NotImplementedError()` by your program, then run the
# **test cell** below it. The web server of this lab is no friend of guessing: it holds its replies
# back, lets one go, and looks what your program does next. Your source is not looked at, so *every*
# program is right that does the work and leaves the loop free. A hidden test does the same with
# other inputs.
#
# A test that fails says in one sentence what happened and where. Stuck? Under each exercise stands
# a ladder of hints, and climbing it costs nothing. The folded cells hold what the tests need;
# unfold them if you are curious.

# %% setup="tools" jupyter={"source_hidden": true}
import asyncio
import gc
import itertools
import random
import threading
import time
import weakref
from contextlib import suppress

import aiohttp
import requests

from autograder import watch, world
from autograder.testing import WrongValue, beside, right, wrong

servers = await world.start("http")

# %% setup="verdicts" jupyter={"source_hidden": true}
NAMES = "ada bo cy dee eve fay gus hal ivy jo kim lou max nan oz".split()


# %% [markdown]
# Four exercises fetch pages. This function does it, and you may use it as it is:

# %% setup="fetching"
async def fetch(url):
    """Return the JSON that a page sends; raise aiohttp.ClientError when it sends an error."""
    async with aiohttp.ClientSession() as session, session.get(url) as page:
        page.raise_for_status()
        return await page.json()

# %% [markdown]
# ---
# ## 1 · Everybody's picture, a few at a time
#
# `!gallery` fetches the picture of each member. All at once would be rude (the web server closes
# its door to people who do that), one after the other would be slow.
#
# **Worked example.** All at once:
#
# ```python
# async def fetch_all(urls):
#     async with asyncio.TaskGroup() as group:
#         tasks = [group.create_task(fetch(url)) for url in urls]
#     return [task.result() for task in tasks]
# ```

# %% [markdown] exercise="bounded" limit=0.1
# **Your turn.** Keep exactly `most` requests under way as long as there are pages left to request: when
# one request is answered, the next one starts, even if the others take all day. Limit, as everywhere in
# this lab: hold the loop for less than **100 ms** at a time.

# %% answer="bounded"
async def fetch_all(urls, most):
    """Return what the pages at `urls` send, in the order of `urls`.

    At most `most` requests are under way at once, and always so many as long as pages are left.
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
    """Put up so many pages, and hold them all; return what each one sends, by its path."""
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
        f"There may be {most} requests at once, and there were {came}: the others wait for an "
        "answer that has not come yet. Is each page a task of its own?"
    )


def too_many(most):
    return f"There were {servers.http.counters()['peak']} requests at once, and {most} are allowed."


def in_batches(most):
    return (
        f"Of {most} requests under way one was answered, and no other took its place: the free "
        "place stands empty until the slowest is done, as in a batch."
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
# Four people stand at a counter with three places. When does the fourth step up: when one of the
# three leaves, or when all three have left?
# </details>
# <details><summary>Hint 2: where it was in the lesson</summary>
#
# Part 2, the version with the gate.
# </details>
# <details><summary>Hint 3: the gaps</summary>
#
# Make **one** `asyncio.Semaphore(most)`. Write a small coroutine function that fetches one page
# inside of `async with gate:`. Then all of them in a TaskGroup, as in the worked example.
# </details>
# <details><summary>The last rung: our answer beside yours</summary>
#
# Save the notebook (Ctrl+S), and run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("bounded")
# ```
#
# When `check` has not passed it yet, it asks whether you mean it. No points are lost by that.
# </details>
# <details><summary>A variant, once it passes</summary>
#
# With a hundred thousand pages, a task for each is a waste. Do it with `most` workers that take
# their addresses from one iterator. Unit 09 makes that a queue.
# </details>

# %% [markdown]
# ---
# ## 2 · A job in the background
#
# `!vote` says "the vote is open" and returns at once. The counting goes on in the background, for
# hours, and when it fails somebody should hear of it.
#
# **Worked example.** As many bots do it, with two faults that you have seen in the lesson:
#
# ```python
# def in_background(job, complain):
#     asyncio.create_task(job)
# ```

# %% [markdown] exercise="background" limit=0.1
# **Your turn.** Write `in_background` so that no job vanishes, none fails in silence, and none is
# kept when it is over. It returns immediately, so there is nothing to wait for. Limit: hold the loop
# for less than **100 ms** at a time. `complain` is an ordinary function that takes the exception.

# %% answer="background"
running = set()  # it is there before the first call, and after the last


def in_background(job, complain):
    """Start the coroutine `job` in a task of its own, and return the task at once.

    The job runs to its end even if nobody else keeps the task. If it raises an error, call
    `complain(error)`. A job that is cancelled stays cancelled, and is nothing to complain about.
    When the job is over, however it ended, keep nothing of it.
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
    """A job that waits until somebody opens its door, of which only the job itself knows."""
    door = asyncio.get_running_loop().create_future()
    doors[name] = weakref.ref(door)
    await door
    if fate == "fails":
        raise ValueError(f"no votes for {name}")
    await fetch(f"{url}?name={name}")


def gone(references):
    """The names whose object is no more, after the garbage collector has been there."""
    gc.collect()
    return [name for name, reference in references.items() if reference() is None]


async def election(url, fates):
    """Start a job for each name and keep none; return how it went, step by step."""
    gc.freeze()  # the collector looks at what is made from here on, which takes no time
    doors, told, tasks = {}, [], {}
    for name, fate in fates.items():
        job = count(url, name, fate, doors)
        task = in_background(job, lambda error: told.append(f"{type(error).__name__}: {error}"))
        if not isinstance(task, asyncio.Task):
            return {"not a task": type(task).__name__}
        tasks[name] = weakref.ref(task)
    del job, task
    await asyncio.sleep(0.02)
    return {"vanished": gone(doors), **await counted(fates, doors, tasks), "told": sorted(told)}

# %% setup="background_count" jupyter={"source_hidden": true}
async def counted(fates, doors, tasks):
    """Let each job that is left come to its end; return who ended how, and what is still kept."""
    alive = {name: task() for name, task in tasks.items() if task() is not None}
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
    lost = gone(tasks)
    gc.unfreeze()
    return {"cancelled": cancelled, "kept": [name for name in tasks if name not in lost]}


def fates(*ends):
    """A name for each end that a job may come to."""
    return dict(zip(random.sample(NAMES, len(ends)), ends, strict=True))

# %% setup="background_judge" jupyter={"source_hidden": true}
async def elected(report, path, fates):
    """Raise WrongValue unless each job came to its own end, and somebody heard of it."""
    seen = report.value
    if "not a task" in seen:
        raise WrongValue(f"`in_background` must return the task, not a {seen['not a task']}.")
    named = {end: [n for n in fates if fates[n] == end] for end in fates.values()}
    if seen["vanished"]:
        raise WrongValue(
            f"While it waited, the job of {seen['vanished'][0]} vanished: the garbage collector "
            "came by, and nobody held its task."
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
# Between the start of the job and its end, who could hold the task? Only something that is there
# all the time.
# </details>
# <details><summary>Hint 2: where it was in the lesson</summary>
#
# Part 3: the set, and the callback that empties it.
# </details>
# <details><summary>Hint 3: the gaps</summary>
#
# A set outside of the function. Inside: `create_task`, `add` it, `add_done_callback`, `return` it.
# The callback gets the task: `discard` it, and unless `task.cancelled()`, look at
# `task.exception()`, which is None when all went well.
# </details>
# <details><summary>The last rung: our answer beside yours</summary>
#
# Save the notebook (Ctrl+S), and run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("background")
# ```
#
# When `check` has not passed it yet, it asks whether you mean it. No points are lost by that.
# </details>
# <details><summary>A variant, once it passes</summary>
#
# The bot goes to bed. Write `await end_all()`, which cancels all jobs that are still running and
# comes back when they are over. Unit 09 asks what to do with work that should not be cut short.
# </details>

# %% [markdown]
# ---
# ## 3 · Try again, but not for ever
#
# The page of the weather fails now and then, and sometimes it just hangs. Then `!weather` tries
# again. But ada wants an answer soon, or a "sorry".
#
# **Worked example.** One attempt, and not for ever:
#
# ```python
# async with asyncio.timeout(deadline):
#     return await fetch(url)
# ```

# %% [markdown] exercise="stubborn" limit=0.1
# **Your turn.** Write `stubborn`. The deadline is for everything together: attempts, pauses and
# all. Limit: hold the loop for less than **100 ms** at a time. An error that a page sends is an
# `aiohttp.ClientError`.

# %% answer="stubborn"
async def stubborn(url, patience, pause, deadline):
    """Return what `fetch(url)` returns; when that fails, try again.

    An attempt that takes more than `patience` seconds is given up, and has failed. Between two
    attempts there are `pause` seconds. When `deadline` seconds have passed in all, whatever is
    under way then is given up, and TimeoutError is raised.
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
PATIENCE, PAUSE, DEADLINE, TOO_LONG = 0.2, 0.08, 0.6, 2.4  # seconds


async def attempt(url):
    try:
        return await stubborn(url, PATIENCE, PAUSE, DEADLINE)
    except TimeoutError:
        return "TimeoutError"


async def at_once(urls):
    """What `stubborn` does at each url, all at once; None where it goes on for too long."""
    tasks = [asyncio.create_task(attempt(url)) for url in urls]
    ended, endless = await asyncio.wait(tasks, timeout=TOO_LONG)
    for task in endless:
        task.cancel()
    return [task.result() if task in ended else None for task in tasks]


async def weather(times):
    """Put up a page that fails so often, one that hangs once, and one that always fails."""
    await servers.http.reset()
    paths = [f"/{kind}/{random.randint(1, 10**9)}" for kind in ("flaky", "hanging", "broken")]
    await servers.http.plan(path=paths[0], status=503, times=times)
    await servers.http.plan(path=paths[1], delay=9, times=1)
    await servers.http.plan(path=paths[2], status=503)
    return paths

# %% setup="stubborn_judge" jupyter={"source_hidden": true}
async def stubborn_enough(report, paths, times):
    """Raise WrongValue unless the server saw each page asked as it should have been."""
    flaky, hanging, broken = report.value
    log = await servers.http.log()
    asked = [[e["at"] for e in log if e["path"] == path] for path in paths]
    if not all(asked):
        raise WrongValue(f"Nobody asked the server for {paths[asked.index([])]}.")
    # On a busy machine a good attempt may run out of patience: one more is right then, too.
    if flaky != {"path": paths[0], "number": len(asked[0])} or len(asked[0]) <= times:
        so_often = f"{len(asked[0])} attempt{'s' if len(asked[0]) > 1 else ''}"
        wrong(report, f"A page failed {times} times; `stubborn` ended with {flaky} ({so_often}).")
    if hanging != {"path": paths[1], "number": len(asked[1])}:
        said = "A page hung, and its next answer was good; `stubborn` ended with"
        wrong(report, f"{said} {hanging}. Was the first attempt given up after {PATIENCE} s?")
    in_time(report, broken, asked[2])


def in_time(report, ended, attempts):
    """Raise WrongValue unless attempts that all failed were ended by the deadline."""
    if ended is None:
        said = f"The deadline is {DEADLINE} s in all, and after {TOO_LONG} s `stubborn` was still"
        wrong(report, f"{said} trying (attempt {len(attempts)}). What ends it?")
    if ended != "TimeoutError":
        wrong(report, f"A page that always fails must end in TimeoutError; it ended in {ended}.")
    if len(attempts) < 2:
        wrong(report, f"There was one attempt in {DEADLINE} s; there is time for more.")
    pause = min(after - before for before, after in itertools.pairwise(attempts))
    if pause < PAUSE / 2:
        raise WrongValue(f"Between two attempts {PAUSE} s should pass; it was {pause:.3f} s.")

# %% test="stubborn_check" points=20
paths = await weather(2)
report = await watch(at_once, [servers.http.url + path for path in paths])
report.responsive(0.1)
await stubborn_enough(report, paths, 2)
### BEGIN HIDDEN TESTS
times = random.choice([1, 3])
paths = await weather(times)
report = await watch(at_once, [servers.http.url + path for path in paths])
report.responsive(0.1)
await stubborn_enough(report, paths, times)
### END HIDDEN TESTS
right(report, 20)

# %% [markdown] hints="stubborn"
# <details><summary>Hint 1: a question</summary>
#
# There are two alarm clocks: one for the attempt, and one for ada. Which of them is set once, and
# which again and again?
# </details>
# <details><summary>Hint 2: where it was in the lesson</summary>
#
# Part 5, the timeout inside of a timeout, and what the bare `except` did there.
# </details>
# <details><summary>Hint 3: the gaps</summary>
#
# Outside `async with asyncio.timeout(deadline):`, in it `while True:`, in it a `try` with `async
# with asyncio.timeout(patience): return await fetch(url)`. What may be caught there is
# `aiohttp.ClientError` and `TimeoutError`, and nothing more. The pause stands below the `try`.
# </details>
# <details><summary>The last rung: our answer beside yours</summary>
#
# Save the notebook (Ctrl+S), and run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("stubborn")
# ```
#
# When `check` has not passed it yet, it asks whether you mean it. No points are lost by that.
# </details>
# <details><summary>A variant, once it passes</summary>
#
# Thousands of bots that all try again after the same pause come back all at once. Make each pause
# twice as long as the one before, and multiply it with `random.uniform(0.5, 1.5)`.
# </details>

# %% [markdown]
# ---
# ## 4 · The first answer counts
#
# The same weather is to be had from several mirrors, and at every hour another one is slow. So
# `!weather` asks all of them, and takes the answer that comes first.

# %% [markdown] exercise="fastest" limit=0.1
# **Your turn.** This time nothing is given. A mirror that sends an error has not answered. When
# the first answer is there, nobody needs the others any more: **give them up**, so that the mirrors
# can stop working on them. Limit: hold the loop for less than 100 ms at a time.

# %% answer="fastest"
async def fastest(urls):
    """Return what the first of the pages at `urls` sends that does not send an error.

    All are asked at once. When one has answered, the requests to the others are cancelled.
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
    """Put up so many mirrors that hold their answers, and one more that fails at once."""
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
            return "One mirror had answered, and `fastest` still waited: for the slow ones?"
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
        "requests to them go on. Were they cancelled?"
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
# `gather` and the TaskGroup wait for all. What waits for *one* of several tasks?
# </details>
# <details><summary>Hint 2: where it was in the lesson</summary>
#
# Part 7, and in part 4 what becomes of tasks for which nobody waits any more.
# </details>
# <details><summary>Hint 3: the gaps</summary>
#
# `done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)`, in a loop as
# long as there are any pending: the first that is done may have failed. `task.exception()` is None
# for a good one. Cancel what is pending in a `finally`.
# </details>
# <details><summary>The last rung: our answer beside yours</summary>
#
# Save the notebook (Ctrl+S), and run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("fastest")
# ```
#
# When `check` has not passed it yet, it asks whether you mean it. No points are lost by that.
# </details>
# <details><summary>A variant, once it passes</summary>
#
# Be kinder to the mirrors: ask the first, and only if it has not answered after 0.1 s, ask the
# second as well. That is how browsers choose between IPv6 and IPv4 (RFC 8305, *Happy Eyeballs*).
# </details>

# %% [markdown] exercise="clean_up" limit=0.1 stretch=true
# ---
# ## 5 · Leave the room tidy (stretch)
#
# `!record` opens a line to the voice server, and a thread writes down what is said. It goes on
# until somebody cancels it. A cancelled task is thrown out wherever it waits, so it must tidy up on
# its way out: **tell the thread to stop, wait until it has stopped, close the line**, in this
# order (the tape writes to the line to the last), and **stay cancelled**. The tape needs about half
# a second for its last page. Limit: hold the loop for less than 100 ms at a time.
#
# A `line` has `await line.open()` and `await line.close()`. A `tape` has `tape.run()`, which
# blocks the thread that calls it, and `tape.stop()`, which tells `run` to end and returns at once.

# %% setup="clean_up_given" jupyter={"source_hidden": true}
class Line:
    """A line to the voice server, which notes when it is opened and closed."""

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
        self._told.wait(1.5)  # and not for ever, so that a mistake costs no restart
        time.sleep(0.45)
        requests.get(self.url + "/off", timeout=5)

    def stop(self):
        self._told.set()

# %% answer="clean_up"
async def record(line, tape):
    """Open the line and run the tape in a thread, until it ends or this task is cancelled.

    Either way stop the tape, wait until its thread is done, and close the line. When the task was
    cancelled, it ends cancelled.
    """
    ### BEGIN SOLUTION
    await line.open()
    thread = asyncio.ensure_future(asyncio.to_thread(tape.run))
    try:
        await asyncio.shield(thread)
    finally:
        tape.stop()
        await asyncio.wait([thread])
        await line.close()
    ### END SOLUTION

# %% setup="clean_up_tidy" jupyter={"source_hidden": true}
async def interrupted(urls):
    """Record at all urls at once, then cancel one after the other; return how they ended."""
    tapes = [Tape(url) for url in urls]
    tasks = [asyncio.create_task(record(Line(tape.url), tape)) for tape in tapes]
    for tape in tapes:
        for _ in range(100):
            if not tape.running.is_set():
                await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
        await asyncio.sleep(0.05)
    await asyncio.wait(tasks, timeout=2.5)
    for task in tasks:
        if task.done() and not task.cancelled():
            task.result()
    return ["cancelled" if t.cancelled() else "done" if t.done() else "going on" for t in tasks]

# %% setup="clean_up_order" jupyter={"source_hidden": true}
async def tidy(report, paths):
    """Raise WrongValue unless the server saw each recording tidied up, in the right order."""
    for path, ended in zip(paths, report.value, strict=True):
        log = [e["path"] for e in await servers.http.log()]
        seen = [step.removeprefix(path + "/") for step in log if step.startswith(path)]
        if seen[:2] != ["open", "on"]:
            wrong(report, f"First the line is opened, then the tape runs; there was {seen}.")
        if "close" not in seen:
            wrong(report, f"The recording was cancelled, and its line never closed: {seen}.")
        if seen != ["open", "on", "off", "close"]:
            wrong(
                report,
                "The line is closed when the tape has ended ('off'), and not before; "
                f"the server saw {seen}.",
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
# `await asyncio.to_thread(tape.run)` is cancelled: what is left in your hands, to wait for?
# </details>
# <details><summary>Hint 2: where it was in the lesson</summary>
#
# Part 6: the thread that goes on, and the `shield` that keeps hold of it.
# </details>
# <details><summary>Hint 3: the gaps</summary>
#
# Make a task of `asyncio.to_thread(tape.run)`, and wait for `asyncio.shield(task)`: cancelled is
# then only the waiting. In the `finally`: `tape.stop()`, `await asyncio.wait([task])`, `await
# line.close()`. A `finally` does not swallow anything, so the cancelling goes on by itself.
# </details>
# <details><summary>The last rung: our answer beside yours</summary>
#
# Save the notebook (Ctrl+S), and run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("clean_up")
# ```
#
# When `check` has not passed it yet, it asks whether you mean it. No points are lost by that.
# </details>
# <details><summary>A variant, once it passes</summary>
#
# Somebody is impatient and cancels a second time, while the tape writes its last page. What does
# your version do then? Write it as an `async with`, and see whether it gets clearer.
# </details>

# %% [markdown]
# ---
# **Done?** In a terminal, in the folder of the course, `python3 -m autograder check
# work/06_structure/06_structure.ipynb` marks this notebook as an instructor would, hidden tests
# included.
