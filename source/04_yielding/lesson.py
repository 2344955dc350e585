# The lesson of unit 04. Every figure in the text is either measured by the cell above it, or cited
# under "In practice". `build` makes notebooks/04_yielding.ipynb of this file.

# %% [markdown]
# # 04 · Give the loop a turn, and know the price
#
# *What does `await asyncio.sleep(0)` buy, and what does it cost?*
#
# **You will** take a computation that kills your bot, cut it into slices so short that no person
# notices them, and find out when they are too short.
#
# **You learn**
# - what one turn of the loop costs, and how many turns you can afford;
# - when to give a turn, so that it is right on every machine;
# - what happens when eight such tasks run at the same time;
# - for which work a turn helps, and for which it does not.
#
# **You need** tasks (unit 02), and the bot and the gateway of unit 03.

# %%
import asyncio
import random
import time

from autograder import predict, recall, show, watch
from autograder.lessons import evening, judge, make_bot, tell

# %% [markdown]
# First, three questions from earlier units. Put a letter in place of the question mark, and run
# the cell again.

# %%
recall("?", about="thirty-seconds")

# %%
recall("?", about="save-twice")

# %%
recall("?", about="how-many-run")

# %% [markdown]
# ## 1 · Work without an await
#
# Most blocks of unit 03 were *waiting*: for a cup, for a page, for a file. When a bot waits, there
# is something to await. But some commands *work*. Our bot has kept every roll of the season, one
# byte per roll, and `!streak` looks for the longest run of good ones:

# %%
def good(roll):
    return roll >= 7


def longest(rolls):
    """The longest run of good rolls."""
    best = run = 0
    for roll in rolls:
        run = run + 1 if good(roll) else 0
        best = run if run > best else best
    return best

# %% [markdown]
# How long that takes depends on your machine. So we first measure what one roll costs. Then we make
# the season so long that this machine needs 0.7 s to read it.

# %%
def cpu_seconds(work, *arguments):
    """How much time of this machine's CPU a call takes."""
    began = time.thread_time()
    work(*arguments)
    return time.thread_time() - began


DAY = bytes(random.randint(1, 6) + random.randint(1, 6) for _ in range(100_000))
plain = min(cpu_seconds(longest, DAY) for _ in range(3)) / len(DAY)
SEASON = DAY * round(0.7 / plain / len(DAY))
print(f"{plain * 1e9:.0f} ns per roll; a season has {len(SEASON):,} rolls")

# %% [markdown]
# The bot and its gateway are those of unit 03: a heartbeat is due every 0.2 s, and after 0.4 s without
# one the gateway hangs up. `make_bot`, `evening`, `tell` and `judge`, which you saw there, come from
# `autograder.lessons` (first cell). Here `evening` takes a finished bot, and a function that plays
# the people. `tell` prints a heart for each heartbeat if you say `hearts=True`. What people do is new:

# %%
async def ping(ctx):
    await ctx.send("pong")


async def ada_and_bo(gw):
    """ada asks for the streak, bo writes `!ping` a moment later; it ends when both are answered."""
    await asyncio.sleep(0.3)
    await gw.say("!streak", author="ada")
    await asyncio.sleep(0.2)
    await gw.say("!ping", author="bo")
    await gw.until(replies=2, timeout=18)
    await gw.say("!goodnight")

# %% [markdown]
# Nothing waits in `longest`, so there is nothing to await. But you can await something that takes no
# time: **`await asyncio.sleep(0)`**. It sleeps for zero seconds, but it suspends: the task goes to
# the end of the queue, and the loop makes one round. We call that **a turn**.
#
# You may think: then give the loop a turn. Like this?

# %%
async def streak(ctx):
    await asyncio.sleep(0)  # a turn for the loop
    await ctx.send(f"{longest(SEASON)} good rolls in a row")

# %% [markdown]
# > **Predict.** What does this turn save?

# %%
predict("?", about="one-turn-first")

# %% experiment="one-turn-first"
gw, report = await evening(make_bot(streak, ping), ada_and_bo)
tell(gw, hearts=True)

# %%
predict(about="one-turn-first")

# %% [markdown]
# There was one turn, and then the whole season. The heartbeats stopped all the same, and bo waited
# as long as ada. In the chart, the block is as long as the whole season takes.

# %%
judge(report, gw)

# %% [markdown]
# ## 2 · A turn after every roll
#
# You may have read this advice: if you have a long loop, add an `await asyncio.sleep(0)` *in each
# round*. Then the turn is inside the `for`. Here is `longest` in slices of `every` rolls, with a
# turn after each slice:

# %%
async def longest_in_slices(rolls, every):
    """As `longest`, with a turn for the loop after each slice of `every` rolls."""
    best = run = 0
    for start in range(0, len(rolls), every):
        for roll in rolls[start : start + every]:
            run = run + 1 if good(roll) else 0
            best = run if run > best else best
        await asyncio.sleep(0)
    return best

# %% [markdown]
# What does ada pay for it? The price is the CPU time that this takes, divided by the CPU time of
# `longest` for the same rolls. It is measured inside the task, on a watched loop. We take 20,000
# rolls, so that you need not wait long.

# %%
async def priced(function, rolls, *arguments):
    """The price of one way to read the rolls: how many times the time that `longest` takes."""
    began = time.thread_time()
    await function(rolls, *arguments)
    return (time.thread_time() - began) / (plain * len(rolls))

# %% [markdown]
# > **Predict.** There is a turn after every single roll. How much longer does ada wait?

# %%
predict("?", about="a-turn-each")

# %% experiment="a-turn-each"
async def a_turn_each():
    return await priced(longest_in_slices, SEASON[:20_000], 1)


report = await watch(a_turn_each)
turn = (report.value - 1) * plain
print(f"{report.value:.0f} times as long. The season would take {report.value * 0.7:.0f} s,")
print(f"because a turn takes {turn * 1e6:.1f} µs, and a roll {plain * 1e6:.3f} µs")

# %%
predict(about="a-turn-each")

# %% [markdown]
# So that advice leaves the loop free, but it is expensive: ada waits very long. Is there something
# in between?

# %% [markdown]
# ## 3 · The valley
#
# Between a turn after each roll and no turn at all there are a few powers of ten. Let us try them
# all.
#
# > **Predict.** You want to hold the loop for less than 10 ms at a time, at a price below 1.1 (10 %
# > more than the work). After how many rolls should `streak` give the loop a turn?

# %%
predict("?", about="how-often")

# %% experiment="how-often"
async def prices():
    """For each slice: the price, and for how many seconds it holds the loop, on average."""
    found = {}
    for every in (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000):
        rolls = SEASON[: max(20_000, 2 * every)]
        price = min([await priced(longest_in_slices, rolls, every) for _ in range(3)])
        found[every] = price, price * plain * every
    return found


valley = (await watch(prices)).value
for every, (price, held) in valley.items():
    print(f"every {every:9,} rolls: {price:6.2f} x the work, held for {held * 1000:8.3f} ms")

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt


def valley_axes(valley):
    """Above the price, below how long the loop is held; each step is ten times more."""
    figure, (above, below) = plt.subplots(2, 1, figsize=(8, 4.8), sharex=True)
    counts = list(valley)
    above.plot(counts, [price for price, _ in valley.values()], "ko-")
    above.axhline(1.1, color="black", linestyle=":")
    above.set(yscale="log", ylabel="price\n(times the work)")
    above.text(1, 1.2, "10 % more than the work")
    below.plot(counts, [held * 1000 for _, held in valley.values()], "ks--")
    for limit in (10, 100):
        below.axhline(limit, color="black", linestyle=":")
        below.text(1, limit * 1.2, f"{limit} ms")
    below.set(xscale="log", yscale="log", ylabel="loop held\n(ms)", ylim=(None, 400))
    below.set_xlabel("rolls between two turns")
    for axis in (above.yaxis, below.yaxis, below.xaxis):
        axis.set_major_formatter(lambda value, _: f"{value:,g}" if value < 1 else f"{value:,.0f}")
    return figure, above, below

# %% jupyter={"source_hidden": true}
def valley_chart(valley):
    """Hatch the valley, where the price is below 1.1 and the loop is held for less than 10 ms."""
    figure, *both = valley_axes(valley)
    fine = [n for n, (price, held) in valley.items() if price < 1.1 and held < 0.01]
    for axes in both if fine else ():
        axes.axvspan(min(fine) / 1.8, max(fine) * 1.8, facecolor="0.9", hatch="//", edgecolor="0.8")
    said = f"{min(fine):,} to {max(fine):,}" if fine else "none of these"
    show(figure, f"Price, and how long the loop is held, against rolls between two turns; both are good at {said}.")
    print(f"Both are good (hatched): a turn after {said} rolls")


valley_chart(valley)

# %%
predict(about="how-often")

# %% [markdown]
# The upper chart shows what ada pays, the lower one how long the loop is held. On the left you pay
# almost only for turns. On the right the loop is held for too long. Between them is a wide valley
# (hatched) where both are good, and **you need not know exactly where**: a turn costs very little
# compared with a millisecond of work. In a bot, work for some milliseconds between two turns, and not
# for much less; "In practice" says why.
#
# **Change it.** Put more work into `good`, say `sum(range(roll)) >= 20`, and run the cells from
# part 1 on again. In which direction does the valley move?

# %% [markdown]
# ## 4 · The same code, other rolls
#
# So is it 10,000, forever? The bot also has an old log, which is text. Each of its lines must be
# taken apart:

# %%
LINES = [f"ada rolls {random.randint(1, 6)}+{random.randint(1, 6)}" for _ in range(100_000)]


def good(roll):
    """Whether a roll is good, be it a number or a line of the old log."""
    if isinstance(roll, str):
        roll = sum(int(die) for die in roll.rpartition(" ")[2].split("+"))
    return roll >= 7

# %% [markdown]
# > **Predict.** There is a turn after every 10,000 rolls, as before. For how long is the loop held
# > at a time now?

# %%
predict("?", about="other-rolls")

# %% experiment="other-rolls"
report = await watch(longest_in_slices, LINES, 10_000)
numbers, lines = valley[10_000][1] * 1000, report.longest_block * 1000
print(f"Numbers: held for {numbers:.2f} ms. Lines: {lines:.1f} ms")

# %%
predict(about="other-rolls")

# %% [markdown]
# The code is the same, but each slice takes much longer. Today it is the log, tomorrow a slower
# machine, and the 10,000 stay the same. The heartbeat does not depend on the number of rolls. It
# depends on **time**, so use a clock:

# %%
async def longest_by_clock(rolls, budget=0.005):
    """As `longest`, with a turn for the loop whenever `budget` seconds are used up."""
    best = run = 0
    next_turn = time.monotonic() + budget
    for roll in rolls:
        run = run + 1 if good(roll) else 0
        best = run if run > best else best
        if time.monotonic() > next_turn:
            await asyncio.sleep(0)
            next_turn = time.monotonic() + budget  # and from here on a new budget
    return best

# %%
async def both():
    """Numbers, then lines, by the clock; the price of the numbers."""
    price = await priced(longest_by_clock, SEASON[:1_000_000])
    await longest_by_clock(LINES)
    return price


plain = cpu_seconds(longest, SEASON[:1_000_000]) / 1_000_000  # `good` takes a little longer now
report = await watch(both)
look = (report.value - 1) * plain * 1e9
print(f"Price: {report.value:.2f} x the work. Longest block: {report.longest_block * 1000:.0f} ms")
print(f"A look at the clock costs {look:.0f} ns, and a roll costs {plain * 1e9:.0f} ns.")

# %% [markdown]
# With both kinds of rolls the loop is held for not much more than the 5 ms that we allow. The price
# is higher than with a count of 10,000 (part 3). The turns are not the reason: the look at the
# clock after each roll costs about as much as one of these cheap rolls (see the last line above).
# For cheap items, look only after every hundredth item. That saves most of this price.
#
# Note the last line of the loop. Without it, the budget is used up once and never renewed, and from
# then on there is a turn after *every* roll.

# %% [markdown]
# ## 5 · Eight at the same time
#
# Eight people ask for their streak at the same time, and each `streak` gives the others a turn
# after 20 ms.

# %%
async def crowd(people, one, *arguments):
    """Run `one` for this number of people at the same time; each has a share of the season."""
    mine = SEASON[: int(0.03 / plain)]
    await asyncio.gather(*(one(mine, *arguments) for _ in range(people)))

# %% [markdown]
# > **Predict.** For how long is the loop held at a time?

# %%
predict("?", about="eight-at-once")

# %% experiment="eight-at-once"
async def eight():
    await crowd(8, longest_by_clock, 0.02)


report = await watch(eight)
judge(report)
if report.longest_block < 0.12:
    print("If this is much less than 160 ms, other programs took part of each slice of 20 ms,")
    print("and the chart does not count that time as a block. Run it again.")

# %%
predict(about="eight-at-once")

# %% [markdown]
# The block is as long as all eight slices together. In each round the loop runs **every task that
# is ready**, one after the other. Only then does it look at its timers and sockets. Eight tasks are
# ready, and each takes 20 ms. In a bot, no heartbeat could leave in between.
#
# There are two cures. The first: eight tasks that compute divide the budget by eight. The second:
# they share one object, a **lock**, and only the task that has it may compute. In asyncio it is
# called `Lock`. `async with lock:` waits in a queue until the lock is free, takes it, and releases
# it at the end of the block:

# %%
async def longest_in_turn(rolls, lock, budget=0.02):
    """As `longest`; compute only with the lock, and release it after `budget` seconds."""
    best = run = done = 0
    while done < len(rolls):
        async with lock:
            end = time.monotonic() + budget
            while done < len(rolls) and time.monotonic() < end:
                run = run + 1 if good(rolls[done]) else 0
                best = run if run > best else best
                done += 1
            await asyncio.sleep(0)  # before the lock is released
    return best

# %%
async def alone(people):
    await crowd(people, longest_by_clock, 0.02)


async def with_one_lock(people):
    await crowd(people, longest_in_turn, asyncio.Lock(), 0.02)


held = {}
for people in (1, 2, 4, 8):
    runs = [await watch(run, people) for run in (alone, with_one_lock)]
    held[people] = [run.longest_block for run in runs]
    print(people, "people:", [f"{block * 1000:.0f} ms" for block in held[people]])

# %% jupyter={"source_hidden": true}
def crowd_chart(held):
    """The longest block against the number of people, with and without the lock."""
    figure, axes = plt.subplots(figsize=(8, 3))
    for number, (mark, text) in enumerate((("X-", "each alone"), ("o--", "with one lock"))):
        blocks = [pair[number] * 1000 for pair in held.values()]
        axes.plot(list(held), blocks, f"k{mark}", markersize=9)
        axes.text(8.2, blocks[-1], text, va="center")
    axes.axhline(100, color="black", linestyle=":")
    axes.text(0.6, 104, "limit 100 ms")
    axes.set(xlabel="people who ask at the same time", ylabel="longest block (ms)", xlim=(0.5, 9.6))
    axes.set(xticks=list(held), ylim=(0, max(125, axes.get_ylim()[1])))
    alone, together = (f"{pair * 1000:.0f} ms" for pair in held[8])
    show(figure, f"The longest block grows with people: {alone} for eight; with one lock {together}.")


crowd_chart(held)

# %% [markdown]
# Without the lock the block grows with every person who asks. With it, the block stays at one
# budget, whatever their number. (All of them together take as long as before.)
#
# **Change it.** Move the `sleep(0)` of `longest_in_turn` one step to the left, out of the `async
# with`. It looks tidier, but now the lock has no effect: the task releases it *before* the loop
# gets its turn, so the next task computes in the same round.

# %% [markdown]
# ## 6 · One call to C code
#
# Between two rolls there is a gap, and there we wrote the `await`. Now we want all rolls in order.
# That is one line, and it is fast, because `sorted` is written in C.

# %%
async def in_order():
    await asyncio.sleep(0)
    rolls = sorted(SEASON[:4_000_000])
    await asyncio.sleep(0)
    return rolls[0], rolls[-1]

# %% [markdown]
# > **Predict.** There is a turn before it and a turn after it. For how much of the sorting is the
# > loop held?

# %%
predict("?", about="turn-before-and-after")

# %% experiment="turn-before-and-after"
report = await watch(in_order)
judge(report)
if any(block.seconds >= 0.1 and not block.file for block in report.blocks):
    print("The course could not find the line of a block: other programs were busy. Run it again.")

# %%
predict(about="turn-before-and-after")

# %% [markdown]
# One call is one block, in C as in Python. The same is true of `json.loads`, of a regular
# expression, and of `re.sub` on a whole log. A turn helps in loops **of your own**. For the rest
# there are threads and processes; unit 05 says which of them takes what.

# %% [markdown]
# ## 7 · Write it once
#
# You do not want to write this into every `for` loop of your bot. Write it once. An `async def` with a
# `yield` in it is an **async generator**: it gives you one item after the other, as a generator
# does, and in between it may await. `async for` asks it for the next one.

# %%
async def gently(items, every=1_000):
    """Yield the items one by one, and give the loop a turn after each `every` of them."""
    for number, item in enumerate(items, 1):
        yield item
        if number % every == 0:
            await asyncio.sleep(0)

# %% [markdown]
# (It uses a count. In the lab you give it a clock.) With it, one changed line, the `for`, makes
# `longest` give turns. A turn every few milliseconds is enough.

# %%
async def longest_gently(rolls):
    """As `longest`, with turns for the loop."""
    best = run = 0
    async for roll in gently(rolls, every=50_000):
        run = run + 1 if good(roll) else 0
        best = run if run > best else best
    return best


async def streak(ctx):
    await ctx.send(f"{await longest_gently(SEASON)} good rolls in a row")


gw, report = await evening(make_bot(streak, ping), ada_and_bo)
tell(gw, hearts=True)
if gw.kills or len(gw.replies) < 2:
    print("Other programs took too much of the processor for this run: a heartbeat or an answer is late.")
    print("`streak` is right all the same. Run this cell again.")

# %% [markdown]
# The heartbeats go on, and bo's pong comes immediately, during ada's work. In the chart `streak`
# has a long bar without hatching. It stands for many short ones, too close together to draw, and
# between any two of them a heartbeat can leave.

# %%
judge(report, gw)

# %% [markdown]
# And the price? `async for` calls the generator for each roll, and that costs more than `for`:

# %%
async def price_of_gently():
    return await priced(longest_gently, SEASON[:500_000])


report = await watch(price_of_gently)
print(f"{report.value:.1f} x the work")

# %% [markdown]
# That matters only for items that cost almost nothing. A member, a message or a row takes
# microseconds, and then the difference is small.

# %% [markdown]
# ## In your bot
#
# **Search for** long loops of your own, in commands, listeners and `tasks.loop`:
#
# ```
# grep -rnE "for .+ in .*(members|messages|history|rows|users|words)" --include="*.py" .
# ```
#
# Most of them are short and may stay. The long ones grow with the size of the server: members,
# messages, the rows of a table.
#
# **Before and after**
#
# ```python
# @tasks.loop(hours=1)
# async def table(self):                                          # before
#     scores = []
#     for member in self.guild.members:
#         scores.append((score_of(member), member.name))
#     await self.channel.send(best_ten(scores))
#
# @tasks.loop(hours=1)
# async def table(self):                                          # after
#     scores = []
#     async for member in gently(list(self.guild.members)):
#         scores.append((score_of(member), member.name))
#     await self.channel.send(best_ten(scores))
# ```
#
# Note the `list(...)`, a copy. While `table` gives a turn, a member may join or leave, and Python
# raises an error if a dict or a set changes while you walk through it. (For `guild.members`,
# discord.py makes this copy itself; for your own dicts and sets, you make it.) Unit 09 says more about what
# may happen between two awaits.
#
# **One change for tonight.** Put `gently` (from the lab, the one with the clock) into your bot, and
# use it in the one loop that grows with your server.

# %% [markdown]
# ## In practice
#
# <details><summary>The fine print, with sources</summary>
#
# - **`asyncio.sleep(0)` is meant for this.** The documentation calls it "an optimized path to allow
#   other tasks to run", for long-running functions that would block the event loop. A pause longer
#   than zero, such as `sleep(0.001)`, goes through the loop's timers and costs at least that pause.
# - **What a turn costs** depends on the version of Python, on the loop (uvloop's is cheaper) and on
#   what the other tasks do in their turn. Trust the figure that you measured above.
# - **A budget by the clock** is used up sooner when other programs take the processor, because the
#   clock goes on during that time. That does no harm: there are a few more turns.
# - **Not too often, also because of threads.** discord.py's heartbeat begins in a thread. A thread
#   must wait for the GIL, a lock inside Python (unit 05). If turns are very frequent, it can wait
#   long: with a turn every 0.14 ms, a thread of ours was up to 0.3 s late. That is why part 7 takes
#   50,000 rolls, which are some milliseconds.
# - **In each round the loop runs all tasks that are ready.** What becomes ready during the round
#   waits for the next one: `BaseEventLoop._run_once` in CPython's `asyncio/base_events.py` says so
#   in a comment.
# - **`await` alone is not a turn** (unit 02). In a `for` full of awaits that never suspend, the
#   loop gets no turn at all.
# - **A lock and an error.** `async with lock:` releases the lock also when the block ends by an
#   exception. `lock.acquire()` and `lock.release()` in two lines do not.
# - **Is it worth it?** Turns keep the bot alive, and use one core. When a computation is long and
#   frequent, a process does it elsewhere, and the loop has all its time to itself: unit 05.
#
# Sources: Python's documentation, *Coroutines and Tasks*, section *Sleeping*; CPython's
# `Lib/asyncio/base_events.py` and `locks.py`.
# </details>

# %% [markdown]
# ## You have seen
#
# - `await asyncio.sleep(0)` is one turn of the loop, and costs microseconds. After each cheap item
#   that is far too often. After each millisecond of work it costs almost nothing.
# - A count limits the number of items, and a clock limits the time. The heartbeat depends on the
#   time, so use a clock. The blocks of several tasks add up, unless the tasks share one budget.
# - Where there is no gap, you cannot give a turn: one long call stays one long block.
#
# **Next**: the lab of this unit. You give turns in a long computation, give `gently` a clock, and
# let 24 people share one budget. Then unit 05, for the calls that have no gap.
