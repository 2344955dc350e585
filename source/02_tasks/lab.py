# The lab of unit 02. Traces are compared turn by turn, without a clock. Concurrency is proven by the
# server: it keeps its replies until all requests have come, and waits 0.8 s for them; the requests of
# right answers came within 2 to 12 ms (50 runs, 3 and 8 pages). A program that sends the next request
# after an answer is stuck at the first. Blocking clients hold the loop for that 0.8 s, eight times
# the limit.

# %% [markdown]
# # Lab 02 · Two things at the same time
#
# There are three exercises, 70 points. Run the cells in order, from the top.
#
# Write your program into each **answer cell**, in place of `raise NotImplementedError()`, then run
# the **test cell** below it. A test runs your code for real and looks at what happened: which task
# said what, and what a web server saw. It does not look at your source, so *every* program passes
# that does the work. A hidden test does the same with other inputs.
#
# If a test fails, its message says what happened and where. Stuck? Each exercise has hints below
# it. They cost no points. The folded cells have what the tests need; unfold them if you are
# curious.

# %% setup="tools" jupyter={"source_hidden": true}
import asyncio
import random

import aiohttp
import requests  # noqa: F401 the current version of `weather` uses it

from autograder import watch, world
from autograder.testing import Inconclusive, Outcome, WrongValue, right

servers = await world.start("http")


# %% [markdown]
# ---
# ## 1 · Write for a trace
#
# A list of who said what, in order, is called a **trace**. In this exercise you see a trace, and
# write the program for it. Your program gets a function `say`, which notes each word together with
# the task that said it. `main` is the main task, which runs your program. `task 1` and `task 2` are
# tasks that you make; the first that speaks is `task 1`.

# %% setup="trace"
async def traced(program, ada, bo):
    """Run a program with the words of ada and bo; return what it said: ["main: hello", ...]."""
    numbers, trace = {asyncio.current_task(): "main"}, []

    def say(word):
        who = numbers.setdefault(asyncio.current_task(), f"task {len(numbers)}")
        trace.append(f"{who}: {word}")

    await globals()[program](say, ada, bo)
    return list(trace)

# %% [markdown]
# **Worked example.** Two voices in a row, and the trace of it:

# %%
async def in_a_row(say, ada, bo):
    for word in ada:
        say(word)
    for word in bo:
        say(word)


for line in await traced("in_a_row", ["one", "two"], ["uno", "dos"]):
    print(line)

# %% [markdown] exercise="trace" limit=0.1
# **Your turn, first part.** Write `duet`. Called as `duet(say, ["one", "two", "three"], ["uno",
# "dos", "tres"])` it gives this trace:
#
# ```
# task 1: one
# task 2: uno
# task 1: two
# task 2: dos
# task 1: three
# task 2: tres
# ```
#
# Each voice has a **task of its own**, and they take turns, word by word. When one voice has said
# all its words, the other goes on alone. When `duet` returns, everything has been said. Limit: hold
# the loop for less than 100 ms at a time. (`await asyncio.sleep(0)` is long enough as a pause.)

# %% answer="trace_duet"
async def duet(say, ada, bo):
    """Let ada and bo say their words in turn, each in a task of their own, ada first."""

    async def voice(words):
        for word in words:
            ### BEGIN SOLUTION
            say(word)
            await asyncio.sleep(0)
            ### END SOLUTION

    ### BEGIN SOLUTION
    await asyncio.gather(voice(ada), voice(bo))
    ### END SOLUTION

# %% setup="trace_check" jupyter={"source_hidden": true}
def in_turns(ada, bo, at_a_time):
    """The trace of two tasks: ada says `at_a_time` words in a turn, bo one."""
    trace = []
    while ada or bo:
        trace += [f"task 1: {word}" for word in ada[:at_a_time]]
        trace += [f"task 2: {word}" for word in bo[:1]]
        ada, bo = ada[at_a_time:], bo[1:]
    return trace


def words_of(trace):
    """The words alone, without who said them."""
    return [line.partition(": ")[2] for line in trace]


def judge_trace(report, wanted):
    """Raise WrongValue at the first line of a trace that is not as it should be."""
    found = report.responsive(0.1).value
    if found == wanted:
        return
    if not set(words_of(found)) >= set(words_of(wanted)):
        said = f"{len(found)} of {len(wanted)} words had been said when it returned: {found}."
        raise WrongValue(f"{said} Were the others never said, or did it return before its tasks ended?")
    if words_of(found) == words_of(wanted):
        tasks = sorted({line.partition(":")[0] for line in found})
        said = f"The words are right, but they came from {', '.join(tasks)}"
        raise WrongValue(f"{said}: make a task for each voice, and only for the voices.")
    pairs = zip([*found, "(nothing)"], [*wanted, "(nothing)"], strict=False)
    number, (line, right_one) = next((n, p) for n, p in enumerate(pairs, 1) if p[0] != p[1])
    before = f" after `{wanted[number - 2]}`" if number > 1 else ""
    said = f"Line {number} of the trace is `{line}`; expected `{right_one}`"
    raise WrongValue(f"{said}. Which task suspends{before}, and which does not?")

# %% test="trace_duet_check" points=10
ada, bo = ["one", "two", "three"], ["uno", "dos", "tres"]
report = await watch(traced, "duet", ada, bo)
judge_trace(report, in_turns(ada, bo, 1))
report = await watch(traced, "duet", ada[:1], bo)
judge_trace(report, in_turns(ada[:1], bo, 1))
### BEGIN HIDDEN TESTS
words = [f"word {number}" for number in random.sample(range(100), 12)]
ada, bo = words[:7], words[7 : random.choice([9, 10, 12])]
report = await watch(traced, "duet", ada, bo)
judge_trace(report, in_turns(ada, bo, 1))
### END HIDDEN TESTS
right(report, 10)

# %% [markdown]
# **Second part. Start from an empty cell.** Write `pairs`. Now the main task speaks too: it says
# `begin` before the others and `end` after them. ada says **two** words whenever it is her turn, bo
# one. With the words `one` to `five` and `uno`, `dos`, `tres`:
#
# ```
# main: begin
# task 1: one
# task 1: two
# task 2: uno
# task 1: three
# task 1: four
# task 2: dos
# task 1: five
# task 2: tres
# main: end
# ```

# %% answer="trace_pairs"
async def pairs(say, ada, bo):
    """Begin, let ada say two words a turn and bo one, each in a task of their own, and end."""

    ### BEGIN SOLUTION
    async def voice(words, at_a_time):
        for number, word in enumerate(words, 1):
            say(word)
            if number % at_a_time == 0:
                await asyncio.sleep(0)

    say("begin")
    async with asyncio.TaskGroup() as group:
        group.create_task(voice(ada, 2))
        group.create_task(voice(bo, 1))
    say("end")
    ### END SOLUTION

# %% test="trace_pairs_check" points=15
ada, bo = ["one", "two", "three", "four", "five"], ["uno", "dos", "tres"]
report = await watch(traced, "pairs", ada, bo)
judge_trace(report, ["main: begin", *in_turns(ada, bo, 2), "main: end"])
### BEGIN HIDDEN TESTS
words = [f"word {number}" for number in random.sample(range(100), 15)]
for ada, bo in ((words[:8], words[8:11]), (words[:3], words[3 : random.choice([7, 9])])):
    report = await watch(traced, "pairs", ada, bo)
    judge_trace(report, ["main: begin", *in_turns(ada, bo, 2), "main: end"])
### END HIDDEN TESTS
right(report, 15)

# %% [markdown] hints="trace"
# <details><summary>Hint 1: a question</summary>
#
# Where in the trace does control go from one task to the other? What has the first task just done
# there?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 2, `every_time` and its log. Part 4 for the waiting.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# `duet`: in the loop, say the word, then give the loop a turn. Below it, give `voice(ada)` and
# `voice(bo)` to something that makes a task of each, and wait for both.
#
# `pairs`: `say("begin")`, two tasks, wait for both, `say("end")`. ada gives the loop a turn only
# after every second word.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("trace")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Add a third voice, cy, who begins when ada has said her last word. Which task waits for which?
# </details>

# %% [markdown]
# ---
# ## 2 · Three fetches
#
# `!who` asks three web pages about three guests. One function is given:

# %% setup="fetch"
async def fetch(url):
    """What the page at `url` says. The client is async, so it waits without holding the loop."""
    async with aiohttp.ClientSession() as session, session.get(url) as page:
        return await page.json()

# %% [markdown] exercise="fetches" limit=0.1
# **Your turn.** Write `fetch_all(urls)`.
#
# 1. Request **all pages at the same time**, each page once.
# 2. Return what the pages say, **in the order of `urls`**, whichever page answers first.
# 3. Limit: hold the loop for less than **100 ms** at a time.
#
# How the test checks point 1: the server keeps its first reply back until all requests have arrived.
# If your program waits for the first reply before it sends the second request, that reply never
# comes. After 0.8 s the test gives up and fails.

# %% answer="fetches"
async def fetch_all(urls):
    """Request all pages at the same time; return what they say, in the order of `urls`."""
    ### BEGIN SOLUTION
    return await asyncio.gather(*(fetch(url) for url in urls))
    ### END SOLUTION

# %% setup="pages" jupyter={"source_hidden": true}
PATIENCE = 0.8  # s for all requests to come; those of a right answer came within 0.012 s


async def held_pages(bodies):
    """Make a page of each body, the later ones faster; return their paths. All are held."""
    await servers.http.reset()
    paths = [f"/guest/{number}" for number in random.sample(range(10**6), len(bodies))]
    for number, (path, body) in enumerate(zip(paths, bodies, strict=True)):
        delay = 0.1 * (1 - number / len(bodies))
        await servers.http.plan(path=path, body=body, delay=delay)
        await servers.http.hold(path=path)
    return paths


def address(path):
    """The whole address of a page of our server."""
    return servers.http.url + path


async def let_go(paths, together, run):
    """Await a run; when `together` requests have come, or after PATIENCE, send the replies.

    Returns the report and how many had come by then.
    """
    came = []

    async def referee():
        await servers.http.arrived(together, timeout=PATIENCE)
        came.append(len(await servers.http.log()))
        for path in paths:
            await servers.http.release(path=path)

    refereeing = asyncio.ensure_future(referee())
    report = await run
    refereeing.cancel()
    return report, came[0] if came else len(await servers.http.log())

# %% setup="pages_judge" jupyter={"source_hidden": true}
def free(report):
    """Check the loop; a list that was given to `gather` gets a hint."""
    try:
        report.responsive(0.1)
    except Outcome as failure:
        if "unhashable type: 'list'" not in str(failure):
            raise
        hint = "`gather` takes each coroutine as an argument of its own: put a star before the list."
        end = "" if str(failure)[-1:] in ".?!" else "."
        raise type(failure)(f"{failure}{end} {hint}") from None


async def at_once(report, paths, together, came, wanted, *, captain=False):
    """Raise WrongValue unless `together` requests came before the pages answered, each once, and
    the answer is right. With a `captain`, one of them is answered before the others are sent."""
    free(report)
    if came < together:
        if report.error is None and report.late_by_machine > 0.2:
            raise Inconclusive("This machine was too busy to send all requests in time: run again.")
        expected, tasks = f"{together} requests at the same time", "all tasks"
        if captain:
            expected = f"{together} requests: the captain's and, after its answer, {together - 1} "
            expected += "at the same time"
            tasks = "all tasks for the crew"
        said = f"The server expected {expected}. It had received {came}"
        # PATIENCE begins before the call does, so one that waited for it may be a little shorter.
        if report.error is None and report.seconds < PATIENCE / 2:
            raise WrongValue(f"{said} when your function returned. Request every page.")
        why = "Your program waits for an answer before it sends the next request"
        how = f"Make {tasks} first, then await them"
        raise WrongValue(f"{said} after {PATIENCE:g} s. {why}. {how}.")
    asked = [request["path"] for request in await servers.http.log()]
    for path in paths:
        if asked.count(path) != 1:
            raise WrongValue(f"One of the pages was requested {asked.count(path)} times, not once.")
    report.returned(wanted)

# %% test="fetches_visible" points=12
bodies = random.sample(["ada is a wizard", "bo is a bard", "cy is a dragon", "dee is away"], 3)
paths = await held_pages(bodies)
run = watch(fetch_all, [address(path) for path in paths], timeout=5)
report, came = await let_go(paths, 3, run)
await at_once(report, paths, 3, came, bodies)
print(f"Right: 12 of 12 points. {report}")

# %% [markdown]
# The hidden test has more guests.

# %% test="fetches_hidden" points=13
print("The hidden test runs when you check the lab.")
### BEGIN HIDDEN TESTS
count = random.choice([4, 5])
bodies = [f"guest {number}" for number in random.sample(range(1000), count)]
paths = await held_pages(bodies)
run = watch(fetch_all, [address(path) for path in paths], timeout=5)
report, came = await let_go(paths, count, run)
await at_once(report, paths, count, came, bodies)
### END HIDDEN TESTS

# %% [markdown] hints="fetches"
# <details><summary>Hint 1: a question</summary>
#
# When the first request is sent, do the tasks for the others exist already?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 3, `in_a_row` and `gathered`; part 4, the table.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# With `gather` it is one line: `return await asyncio.gather(*(... for url in urls))`. With a list:
# make the tasks in one line, await them in the next.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("fetches")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Return a dict, address to text, in the order in which the pages *answered*. Which of the four ways
# of part 4 is made for that?
# </details>

# %% [markdown] exercise="false_concurrency" limit=0.1
# ---
# ## 3 · Five that only look concurrent
#
# Each of these five commands has tasks, or `gather`, or something else that looks concurrent, but
# each of them requests one page after the other. Find out why, and write it so that it sends **all
# requests at the same time** (in the last one: all of the crew's), and returns the same answer.
# Limit: hold the loop for less than 100 ms at a time. The test is as before: the server keeps its
# replies until all requests are there.

# %% [markdown]
# ### The ranks
#
# ```python
# async def ranks(urls):          # current version
#     found = []
#     for url in urls:
#         found.append(await asyncio.create_task(fetch(url)))
#     return found
# ```

# %% answer="false_concurrency_ranks"
async def ranks(urls):
    """Return a list of what the pages say, in the order of `urls`."""
    ### BEGIN SOLUTION
    tasks = [asyncio.create_task(fetch(url)) for url in urls]
    return [await task for task in tasks]
    ### END SOLUTION

# %% test="false_concurrency_ranks_check" points=4
bodies = random.sample(range(1, 100), 3)
paths = await held_pages(bodies)
report, came = await let_go(paths, 3, watch(ranks, [address(path) for path in paths], timeout=5))
await at_once(report, paths, 3, came, bodies)
### BEGIN HIDDEN TESTS
bodies = random.sample(range(1, 100), 4)
paths = await held_pages(bodies)
report, came = await let_go(paths, 4, watch(ranks, [address(path) for path in paths], timeout=5))
await at_once(report, paths, 4, came, bodies)
### END HIDDEN TESTS
right(report, 4)

# %% [markdown]
# ### The votes
#
# Each page says a number. It looks as if all tasks were made first, in the line before the `await`.
#
# ```python
# async def votes(urls):          # current version
#     tasks = (asyncio.create_task(fetch(url)) for url in urls)
#     return sum([await task for task in tasks])
# ```

# %% answer="false_concurrency_votes"
async def votes(urls):
    """Return the sum of the numbers on these pages."""
    ### BEGIN SOLUTION
    tasks = [asyncio.create_task(fetch(url)) for url in urls]
    return sum([await task for task in tasks])
    ### END SOLUTION

# %% test="false_concurrency_votes_check" points=4
bodies = random.sample(range(1, 100), 3)
paths = await held_pages(bodies)
report, came = await let_go(paths, 3, watch(votes, [address(path) for path in paths], timeout=5))
await at_once(report, paths, 3, came, sum(bodies))
### BEGIN HIDDEN TESTS
bodies = random.sample(range(100, 999), 5)
paths = await held_pages(bodies)
report, came = await let_go(paths, 5, watch(votes, [address(path) for path in paths], timeout=5))
await at_once(report, paths, 5, came, sum(bodies))
### END HIDDEN TESTS
right(report, 4)

# %% [markdown]
# ### The weather
#
# A dict, city to address. `gather` is there, and each city has its task.
#
# ```python
# async def weather(cities):          # current version
#     async def one(url):
#         return requests.get(url).json()
#
#     said = await asyncio.gather(*(one(url) for url in cities.values()))
#     return dict(zip(cities, said))
# ```

# %% answer="false_concurrency_weather"
async def weather(cities):
    """Return {city: what its page says} for a dict {city: address}."""
    ### BEGIN SOLUTION
    said = await asyncio.gather(*(fetch(url) for url in cities.values()))
    return dict(zip(cities, said, strict=True))
    ### END SOLUTION

# %% test="false_concurrency_weather_check" points=4
skies = {city: random.choice(["sun", "rain", "snow"]) for city in ("Paris", "Oslo", "Lima")}
paths = await held_pages(list(skies.values()))
cities = {city: address(path) for city, path in zip(skies, paths, strict=True)}
report, came = await let_go(paths, 3, watch(weather, cities, timeout=5))
await at_once(report, paths, 3, came, skies)
### BEGIN HIDDEN TESTS
skies = {f"town {number}": f"{random.randint(-20, 40)} degrees" for number in range(4)}
paths = await held_pages(list(skies.values()))
cities = {city: address(path) for city, path in zip(skies, paths, strict=True)}
report, came = await let_go(paths, 4, watch(weather, cities, timeout=5))
await at_once(report, paths, 4, came, skies)
### END HIDDEN TESTS
right(report, 4)

# %% [markdown]
# ### The guests
#
# At its end, a `TaskGroup` waits for all its tasks.
#
# ```python
# async def guests(urls):          # current version
#     tasks = []
#     for url in urls:
#         async with asyncio.TaskGroup() as group:
#             tasks.append(group.create_task(fetch(url)))
#     return sorted(task.result() for task in tasks)
# ```

# %% answer="false_concurrency_guests"
async def guests(urls):
    """Return the names on these pages, sorted."""
    ### BEGIN SOLUTION
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(fetch(url)) for url in urls]
    return sorted(task.result() for task in tasks)
    ### END SOLUTION

# %% test="false_concurrency_guests_check" points=4
bodies = random.sample(["ada", "bo", "cy", "dee", "eve"], 3)
paths = await held_pages(bodies)
report, came = await let_go(paths, 3, watch(guests, [address(path) for path in paths], timeout=5))
await at_once(report, paths, 3, came, sorted(bodies))
### BEGIN HIDDEN TESTS
bodies = random.sample([f"guest {letter}" for letter in "abcdefgh"], 4)
paths = await held_pages(bodies)
report, came = await let_go(paths, 4, watch(guests, [address(path) for path in paths], timeout=5))
await at_once(report, paths, 4, came, sorted(bodies))
### END HIDDEN TESTS
right(report, 4)

# %% [markdown]
# ### The raid
#
# Here one request must come before the others: ask the captain **first**, and the crew only when
# the captain has answered. Then ask all of the crew at the same time. (`async for` waits for each
# item before it asks for the next.)
#
# ```python
# async def raid(captain, crew):          # current version
#     async def answers():
#         for url in crew:
#             yield await fetch(url)
#
#     first = await fetch(captain)
#     return [first, *[answer async for answer in answers()]]
# ```

# %% answer="false_concurrency_raid"
async def raid(captain, crew):
    """Ask the captain's page, then the crew's pages together; return [captain's, *crew's]."""
    ### BEGIN SOLUTION
    first = await fetch(captain)
    return [first, *await asyncio.gather(*(fetch(url) for url in crew))]
    ### END SOLUTION

# %% setup="false_concurrency_captain" jupyter={"source_hidden": true}
async def captains_page(word):
    """A page that answers by itself after 0.1 s; returns its path."""
    path = f"/captain/{random.randint(1, 10**6)}"
    await servers.http.plan(path=path, body=word, delay=0.1)
    return path


async def captain_first(captain):
    """Raise WrongValue when another page was requested before the captain had answered."""
    log = await servers.http.log()
    answered = next(one["at"] + one["seconds"] for one in log if one["path"] == captain)
    early = [one for one in log if one["path"] != captain and one["at"] < answered - 0.01]
    if early:
        raise WrongValue(
            f"{len(early)} of the crew were asked before the captain had answered. Ask the captain "
            "first, then all the others at the same time."
        )

# %% test="false_concurrency_raid_check" points=4
words = ["we raid at nine", *random.sample(["aye", "no", "late", "asleep"], 3)]
crew = await held_pages(words[1:])
captain = await captains_page(words[0])
run = watch(raid, address(captain), [address(path) for path in crew], timeout=5)
report, came = await let_go(crew, 4, run)
await at_once(report, [captain, *crew], 4, came, words, captain=True)
await captain_first(captain)
### BEGIN HIDDEN TESTS
words = [f"answer {number}" for number in random.sample(range(1000), 5)]
crew = await held_pages(words[1:])
captain = await captains_page(words[0])
run = watch(raid, address(captain), [address(path) for path in crew], timeout=5)
report, came = await let_go(crew, 5, run)
await at_once(report, [captain, *crew], 5, came, words, captain=True)
await captain_first(captain)
### END HIDDEN TESTS
right(report, 4)

# %% [markdown] hints="false_concurrency"
# <details><summary>Hint 1: a question</summary>
#
# When the first `await` waits, how many of the tasks exist? And can they suspend?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 3: `task_by_task` and `gathered_requests`. Part 4: `with_a_list` and `with_a_group`.
# </details>
# <details><summary>Hint 3: one line for each</summary>
#
# - `ranks`: the `await` is inside the loop that makes the tasks.
# - `votes`: round brackets make a generator, which makes each task only when you ask for it. Square
#   brackets make all of them immediately.
# - `weather`: tasks in which nothing suspends run one after the other. `fetch` is the async client.
# - `guests`: which of the two is outside, the `for` or the `async with`?
# - `raid`: one `await` for the captain, then the crew as in exercise 2.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("false_concurrency")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Let the captain's answer be the *list* of pages to request. Can any request be sent earlier than
# before?
# </details>

# %% [markdown]
# ---
# **Done?** Click **Validate** above this notebook, or run `python3 -m autograder check
# work/02_tasks/02_tasks.ipynb` in the course folder. Both run all tests, also the hidden
# ones, as your instructor would.
