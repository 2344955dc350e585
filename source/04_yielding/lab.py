# The lab of unit 04. Work is sized at run time: a plain answer holds the loop for 0.3 s, three times
# the limit of 0.1 s. Members are read for 0.25 s, to which their sum adds half as much again. A list
# of them made first holds the loop for 0.09 s, and one of the messages for 0.36 s. A turn after every
# item costs 20 to 60 times the work, and the price asked for is 5 times; right answers cost 1 to 2.5
# times. Of 24 duels each takes 26 ms, more than one budget of 20 ms, so that the short one can end
# before them; their budgets together make 0.46 s by the clock.

# %% [markdown]
# # Lab 04 · Keep the loop breathing
#
# There are two exercises (50 points) and an optional one (20 points). Run the cells in order, from the
# top.
#
# Write your program into each **answer cell**, in place of `raise NotImplementedError()`, then run
# the **test cell** below it. The test does not look at your source. Three things count: the answer
# is right, the loop was free, and the price is not too high. The work may take at most **five
# times** as long as without any turn. A hidden test does the same with other inputs.
#
# If a test fails, its message says what happened and where. Stuck? Each exercise has hints below
# it. They cost no points.

# %% setup="tools" jupyter={"source_hidden": true}
import asyncio
import itertools
import random
import time

from autograder import watch
from autograder.testing import Inconclusive, TooSlow, WrongValue, sized

PRICE = 5  # times the plain work, which is what a right answer may take

# %% setup="verdicts" jupyter={"source_hidden": true}
def polite(report, plain, limit):
    """Check the loop, then the price, and return it; `plain`: CPU seconds of the work alone."""
    late = report.error is not None and report.error[0] == "TimeoutError"
    if not late or report.longest_block >= limit:
        report.responsive(limit)
    own = report.seconds - report.noise  # what other programs took is not the answer's price
    if own <= PRICE * plain and not late:
        return own / plain
    if own <= PRICE * plain or report.lag(50) > plain / 4:
        raise Inconclusive("This machine was too busy to judge the price: run the cell again.")
    took = f"was not done after {report.seconds:.1f} s" if late else f"took {report.seconds:.1f} s"
    raise TooSlow(
        f"The loop was free, but `{report.record.name}` {took}. Without any turn this takes "
        f"{plain:.2f} s, and the limit is {PRICE} times that. Give fewer turns, and use "
        "`asyncio.sleep(0)` for them."
    )


def patience(plain):
    """For how many seconds a run is watched: longer than a right answer needs."""
    return min(20.0, 1.5 * PRICE * plain * PACE[0] + 0.5)

# %% setup="sizes" jupyter={"source_hidden": true}
PACE = [1.0]  # how many seconds by the clock a second of CPU took, when it was last measured


def cpu_seconds(work, *arguments):
    """What a call returns, and how much CPU time it takes."""
    clock, began = time.monotonic(), time.thread_time()
    value = work(*arguments)
    seconds = time.thread_time() - began
    PACE[0] = max(1.0, (time.monotonic() - clock) / max(seconds, 1e-6))
    return value, seconds

# %% [markdown]
# ---
# ## 1 · A long computation that no one notices
#
# ada and bo throw a coin, heads for ada and tails for bo, and they throw it *often*. The bot's
# `!duel` plays it for them:

# %% setup="duel"
def play(seed, throws):
    """The duel of this seed: (ada's lead at the end, how often the two were level)."""
    coin, lead, level = random.Random(seed), 0, 0
    for _ in range(throws):
        lead += 1 if coin.random() < 0.5 else -1
        if lead == 0:
            level += 1
    return lead, level

# %%
play(seed=7, throws=1000)

# %% setup="duel_result" jupyter={"source_hidden": true}
def came_out(report, expected):
    """Raise WrongValue unless a duel came out like this."""
    try:
        report.returned(expected)
    except WrongValue as failure:
        raise WrongValue(
            f"{failure} Each slice must go on where the one before it stopped, with the same coin, "
            "lead and count. Do not leave out throws at the end."
        ) from None

# %% [markdown]
# **Worked example.** The streak of the lesson, before and after:
#
# ```python
# def longest(rolls):                                             # before
#     best = run = 0
#     for roll in rolls:
#         run = run + 1 if roll >= 7 else 0
#         best = max(best, run)
#     return best
#
# async def longest_in_slices(rolls, every):                      # after
#     best = run = 0
#     for start in range(0, len(rolls), every):
#         for roll in rolls[start : start + every]:
#             run = run + 1 if roll >= 7 else 0
#             best = max(best, run)
#         await asyncio.sleep(0)
#     return best
# ```
#
# Two variables keep their values from one slice to the next: `best` and `run`.

# %% [markdown] exercise="crunch" limit=0.1
# **Your turn.** Write `crunch` (to crunch is to compute for a long time). It returns what `play`
# returns, and takes at most **five times** as long as `play` does. Limit: hold the loop for less than
# **100 ms** at a time. The tests play for about 0.3 s.
#
# You may also use a thread: every answer passes that leaves the loop free. (Threads: unit 05. A process
# would need `play` in a file. The next two exercises are about turns only.)

# %% answer="crunch"
async def crunch(seed, throws):
    """Return what `play(seed, throws)` returns: a tuple (lead, level)."""
    ### BEGIN SOLUTION
    coin, lead, level = random.Random(seed), 0, 0
    for start in range(0, throws, 10_000):
        for _ in range(min(10_000, throws - start)):
            lead += 1 if coin.random() < 0.5 else -1
            if lead == 0:
                level += 1
        await asyncio.sleep(0)
    return lead, level
    ### END SOLUTION

# %% test="crunch_visible" points=14
report = await watch(crunch, 7, 1000)
came_out(report, play(7, 1000))
throws = sized(lambda n: play(1, n), 10_000, seconds=0.3)
seed = random.randint(1, 10**9)
expected, plain = cpu_seconds(play, seed, throws)
report = await watch(crunch, seed, throws, timeout=patience(plain))
price = polite(report, plain, 0.1)
came_out(report, expected)
print(f"Right: 14 of 14 points. {report} The price: {price:.1f} x the work.")

# %% [markdown]
# The hidden test has other duels. One of them is very short.

# %% test="crunch_hidden" points=16
print("The hidden test runs when you check the lab.")
### BEGIN HIDDEN TESTS
short = random.randint(1, 9)
report = await watch(crunch, short, short)
came_out(report, play(short, short))
throws = sized(lambda n: play(2, n), 10_000, seconds=0.3) + random.randint(1, 9999)
seed = random.randint(1, 10**9)
expected, plain = cpu_seconds(play, seed, throws)
report = await watch(crunch, seed, throws, timeout=patience(plain))
polite(report, plain, 0.1)
came_out(report, expected)
### END HIDDEN TESTS

# %% [markdown] hints="crunch"
# <details><summary>Hint 1: a question</summary>
#
# How many throws take about a millisecond on your machine? And what must a slice know from the
# slice before it?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 3, the chart with the hatched valley; `longest_in_slices` is in part 2, `longest_by_clock` in
# part 4.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# Copy the body of `play`. Then either count the throws and write `if number % 10_000 == 0: await
# asyncio.sleep(0)` into the loop, or look at the clock as `longest_by_clock` does. `coin`, `lead`
# and `level` are made once, before the loop.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("crunch")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Find the most expensive `crunch` that still passes: how few throws can there be between two turns?
# </details>

# %% [markdown] exercise="cooperative" limit=0.1
# ---
# ## 2 · A `for` that shares
#
# `gently` of the lesson counted items. Give it a clock: whenever `budget` seconds have passed since
# the last turn, the loop gets one. Then it works for a million members that take no time each, and
# for thirty messages that take 12 ms each. You need not choose a number.
#
# It yields **all items, in their order**, and reads each one only when it is needed: `items` may be
# a generator that has to compute each item, so do not make a list of it first. Limits: hold the loop
# for less than **100 ms** at a time, and take at most **five times** as long as without turns.

# %% answer="cooperative"
async def gently(items, budget=0.005):
    """Yield the items one by one; give the loop a turn whenever `budget` seconds are used up."""
    turn = time.monotonic() + budget  # when the next turn is due
    for item in items:
        yield item
        ### BEGIN SOLUTION
        if time.monotonic() > turn:
            await asyncio.sleep(0)
            turn = time.monotonic() + budget
        ### END SOLUTION

# %% setup="cooperative_reading" jupyter={"source_hidden": true}
async def plainly(items):
    """What `gently` would be without any turn."""
    for item in items:
        yield item


def read_plainly(count):
    """Read this many items through `plainly`: nothing suspends in it, so one `send` is enough."""

    async def reading():
        async for _ in plainly(range(count)):
            pass

    try:
        reading().send(None)
    except StopIteration:
        pass


def all_came(report, expected):
    """Raise WrongValue unless the items that came through are these."""
    came = report.value
    if came != expected:
        raise WrongValue(
            f"`gently` yielded {came}; expected {expected}. It must yield every item once, in its "
            "order."
        )

# %% test="cooperative_visible" points=9
async def count_members(count):
    """Read many items that take no time each; return how many there were, and their sum."""
    came = total = 0
    async for item in gently(range(count)):
        came += 1
        total += item
    return came, total


async def read_messages(texts, work):
    """Read some items each of which takes work; return them all."""

    def messages():
        for text in texts:
            sum(range(work))
            yield text

    return [text async for text in gently(messages())]


all_came(await watch(count_members, 5), (5, 10))
count = sized(read_plainly, 20_000, seconds=0.25)
plain = cpu_seconds(read_plainly, count)[1]
report = await watch(count_members, count, timeout=patience(plain))
polite(report, plain, 0.1)
all_came(report, (count, count * (count - 1) // 2))
work, texts = sized(lambda n: sum(range(n)), 100_000, seconds=0.012), list("unblock the loop!" * 2)
report = await watch(read_messages, texts[:30], work)
report.responsive(0.1)
all_came(report, texts[:30])
print("Right: 9 of 9 points, for items that take no time and for items that do.")

# %% [markdown]
# In the hidden test the items take no time. The body of the `async for` does.

# %% test="cooperative_hidden" points=11
print("The hidden test runs when you check the lab.")
### BEGIN HIDDEN TESTS
async def count_members(count, start):
    """Read many items that take no time each; return how many there were, and their sum."""
    came = total = 0
    async for item in gently(range(start, start + count)):
        came += 1
        total += item
    return came, total


async def answer_messages(texts, work):
    """Read some items, and work for each; return them all."""
    came = []
    async for text in gently(iter(texts)):
        sum(range(work))
        came.append(text)
    return came


all_came(await watch(count_members, 1, 8), (1, 8))
count, start = sized(read_plainly, 20_000, seconds=0.25), random.randint(1, 999)
plain = cpu_seconds(read_plainly, count)[1]
report = await watch(count_members, count, start, timeout=patience(plain))
polite(report, plain, 0.1)
all_came(report, (count, count * start + count * (count - 1) // 2))
work, texts = sized(lambda n: sum(range(n)), 100_000, seconds=0.012), random.sample(range(999), 30)
report = await watch(answer_messages, texts, work)
report.responsive(0.1)
all_came(report, texts)
### END HIDDEN TESTS

# %% [markdown] hints="cooperative"
# <details><summary>Hint 1: a question</summary>
#
# While the generator waits at its `yield`, which code runs? And when the generator goes on, how does
# it know how long that took?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 4, `longest_by_clock`: the last three lines of its loop.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# Three lines after the `yield`. If the turn is due (`time.monotonic() > turn`), give it, and then
# set the time at which the next one is due. Without the third line there is a turn after every item,
# as soon as the first budget is used up.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("cooperative")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Look at the clock only after every 16th item. What does that save for a million members, and what
# does it cost for the messages?
# </details>

# %% [markdown] exercise="joint_budget" limit=0.1 stretch=true
# ---
# ## 3 · One budget for all (a stretch exercise)
#
# Twenty-four people start a duel at the same moment. Each duel gives the loop a turn after 20 ms, and
# still the loop is held for almost 0.5 s at a time, because slices add up. So the duels of a bot must
# share **one** budget.
#
# Write the class `Duels`. A bot makes one object of it when its loop is running, and plays all duels
# with it. However many duels are under way, **together** they hold the loop for at most `budget`
# seconds at a time. The tests give you a budget of 20 ms, and their limit is **100 ms**. All results
# must be right. Together they take at most **five times** the plain work. The duel that is asked for
# last has at most a tenth of the throws: no more than 12 of the 23 long ones may end before it.

# %% answer="joint_budget"
class Duels:
    """The duels of one bot, which share one budget."""

    def __init__(self, budget):
        """`budget`: for how many seconds all duels together may hold the loop at a time."""
        ### BEGIN SOLUTION
        self.budget = budget
        self.lock = asyncio.Lock()
        ### END SOLUTION

    async def play(self, seed, throws):
        """Return what `play(seed, throws)` returns."""
        ### BEGIN SOLUTION
        coin, lead, level, done = random.Random(seed), 0, 0, 0
        while done < throws:
            async with self.lock:
                turn = time.monotonic() + self.budget
                while done < throws and time.monotonic() < turn:
                    lead += 1 if coin.random() < 0.5 else -1
                    level += lead == 0
                    done += 1
                await asyncio.sleep(0)
        return lead, level
        ### END SOLUTION

# %% setup="joint_budget_share" jupyter={"source_hidden": true}
def came_late(report, jobs):
    """Whether most duels ended before the short one, the last. Once it may be the machine: a wait for
    a CPU in its turn can cost it another turn."""
    if report.error:
        return False
    return report.value[1].index(len(jobs) - 1) > len(jobs) / 2


def shared(report, jobs, expected):
    """Raise WrongValue unless each duel came out right, and the short one, the last, came early."""
    results, order = report.value
    for number, (seed, throws) in enumerate(jobs):
        if results[number] != expected[number]:
            raise WrongValue(
                f"The duel of seed {seed} with {throws} throws returned {results[number]}; "
                f"expected {expected[number]}."
            )
    before = order.index(len(jobs) - 1)
    if before > len(jobs) / 2:
        raise WrongValue(
            f"A duel of {jobs[-1][1]} throws was asked for last, and it ended after {before} duels of "
            f"{jobs[0][1]} throws each: the short one waited for the long ones. Let all take turns."
        )

# %% test="joint_budget_visible" points=10
async def tournament(jobs, budget):
    """Play all duels at the same time; return the results, and in which order they came."""
    import asyncio

    duels, order = Duels(budget), []

    async def one(number, seed, throws):
        result = await duels.play(seed, throws)
        order.append(number)
        return result

    results = await asyncio.gather(*(one(n, *job) for n, job in enumerate(jobs)))
    return results, order


shared(await watch(tournament, [(1, 9)], 0.02), [(1, 9)], [play(1, 9)])
throws = sized(lambda n: play(1, n), 10_000, seconds=0.026)
jobs = [(random.randint(1, 10**9), throws) for _ in range(23)]
jobs.append((random.randint(1, 10**9), throws // 10))
expected, plain = cpu_seconds(lambda: list(itertools.starmap(play, jobs)))
report = await watch(tournament, jobs, 0.02, timeout=patience(plain))
if came_late(report, jobs):  # is it so a second time?
    report = await watch(tournament, jobs, 0.02, timeout=patience(plain))
price = polite(report, plain, 0.1)
shared(report, jobs, expected)
print(f"Right: 10 of 10 points. {report} The price: {price:.1f} x the work.")

# %% [markdown]
# The hidden test has other duels.

# %% test="joint_budget_hidden" points=10
print("The hidden test runs when you check the lab.")
### BEGIN HIDDEN TESTS
async def tournament(jobs, budget):
    """Play all duels at the same time; return the results, and in which order they came."""
    import asyncio

    duels, order = Duels(budget), []

    async def one(number, seed, throws):
        result = await duels.play(seed, throws)
        order.append(number)
        return result

    results = await asyncio.gather(*(one(n, *job) for n, job in enumerate(jobs)))
    return results, order


shared(await watch(tournament, [(2, 8)], 0.02), [(2, 8)], [play(2, 8)])
throws = sized(lambda n: play(1, n), 10_000, seconds=0.026)
jobs = [(random.randint(1, 10**9), throws + random.randint(0, 99)) for _ in range(23)]
jobs.append((random.randint(1, 10**9), throws // 12))
expected, plain = cpu_seconds(lambda: list(itertools.starmap(play, jobs)))
report = await watch(tournament, jobs, 0.02, timeout=patience(plain))
if came_late(report, jobs):  # is it so a second time?
    report = await watch(tournament, jobs, 0.02, timeout=patience(plain))
polite(report, plain, 0.1)
shared(report, jobs, expected)
### END HIDDEN TESTS

# %% [markdown] hints="joint_budget"
# <details><summary>Hint 1: a question</summary>
#
# One round of the loop runs every task that is ready. How can you keep 23 tasks from being
# ready while one computes?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 5, `longest_in_turn`: the lock.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# `__init__` keeps the budget, and makes `asyncio.Lock()`. `play` is a `while` that goes on until all
# throws are done: take the lock, throw until the budget is used up or the duel is over, `await
# asyncio.sleep(0)` while you still have the lock, then release it.
#
# Or divide: count in `self.playing` how many duels are under way, and let each slice last
# `self.budget / self.playing`. When the first duel starts, the others are not counted yet, so it
# would take the whole budget: give the loop a turn before the first throw.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("joint_budget")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Let the duel with the fewest throws left go first. Which duels end sooner, and which later?
# </details>

# %% [markdown]
# ---
# **Done?** Click **Validate** above this notebook, or run `python3 -m autograder check
# work/04_yielding/04_yielding.ipynb` in the course folder. Both run all tests, also the hidden
# ones, as your instructor would.
