# The lesson of unit 04. Every figure in the text is either measured by the cell above it, or cited
# under "In practice". `build` makes notebooks/04_yielding.ipynb of this file.

# %% [markdown]
# # 04 · Give the loop a turn, and know the price
#
# *What does `await asyncio.sleep(0)` buy, and what does it cost?*
#
# **You will** take a computation that kills your bot, cut it into slices so thin that nobody
# notices, and find out how thin is too thin.
#
# **You learn**
# - what one turn of the loop costs, and how many turns you can afford;
# - when to give a turn, so that it is right on every machine;
# - what happens when eight such tasks run at the same time;
# - for which work a turn helps, and for which it does not.
#
# **You need** tasks (unit 02), and the bot and the gateway of unit 03. The lesson takes 25 to 40
# minutes, the lab after it 20 to 45.

# %%
import asyncio
import random
import time

import discord
from discord.ext import commands

from autograder import predict, recall, show, watch, world

servers = await world.start()

# %% [markdown]
# First, three questions from earlier units. Put a letter in place of the question mark, and run
# the cell again.

# %%
recall("?", about="grey-zone")

# %%
recall("?", about="await-is-a-call")

# %%
recall("?", about="how-many-run")

# %% [markdown]
# ## 1 · Work that nobody can wait for
#
# In unit 03 the bot *waited*: for a cup, for a page, for a file. For waiting there is always
# something to await. But some commands *work*. Our bot has kept every roll of the season, one byte
# a roll, and `!streak` looks for the longest run of good ones:

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
# How long that takes depends on your machine. So let us first measure what one roll costs, and then
# take as long a season as this machine reads in 0.9 s.

# %%
def cpu_seconds(work, *arguments):
    """How much time of this machine's CPU a call takes."""
    began = time.thread_time()
    work(*arguments)
    return time.thread_time() - began


DAY = bytes(random.randint(1, 6) + random.randint(1, 6) for _ in range(100_000))
plain = min(cpu_seconds(longest, DAY) for _ in range(3)) / len(DAY)
SEASON = DAY * round(0.9 / plain / len(DAY))
print(f"{plain * 1e9:.0f} ns a roll; a season has {len(SEASON):,} rolls")

# %% [markdown]
# Here are the bot and its gateway, as in unit 03: a heartbeat every 0.2 s, and after 0.4 s of
# silence the gateway hangs up. The cells are folded; you know them.

# %% jupyter={"source_hidden": true}
def make_bot(*functions):
    """A discord.py bot with these functions as its commands; `!goodnight` sends it to bed."""
    bot = commands.Bot("!", intents=discord.Intents.all(), help_command=None)
    for function in functions:
        bot.command()(function)

    @bot.command()
    async def goodnight(ctx):
        await bot.close()

    return bot


async def ping(ctx):
    await ctx.send("pong")

# %% jupyter={"source_hidden": true}
async def evening(streak, replies=2):
    """ada asks for the streak, bo writes `!ping` a moment later; it ends when both are answered."""
    gw = await servers.gateway(heartbeat=0.2, grace=2)
    world.point(gw)

    async def bot_life():
        async with make_bot(streak, ping) as bot:
            await bot.start(gw.token)

    async def people():
        await gw.until(ready=1)
        for pause, who, line in ((0.3, "ada", "!streak"), (0.2, "bo", "!ping")):
            await asyncio.sleep(pause)
            await gw.say(line, author=who)
        await gw.until(replies=replies, timeout=18)
        await gw.say("!goodnight")

    report, _ = await asyncio.gather(watch(bot_life, timeout=20), people())
    return gw, report

# %% jupyter={"source_hidden": true}
def tell(gw):
    """Print what the gateway saw: one line an event, one heart a heartbeat."""
    says = {
        "say": "{author:8} {content}",
        "reply": "bot      {content}",
        "killed": "gateway  hangs up with {code}: no heartbeat for {gap:.2f} s",
        "resumed": "bot      is back and RESUMEs",
    }
    hearts = ""
    for event in gw.log:
        hearts += "♥ " * (event["event"] == "heartbeat")
        if event["event"] in says:
            if hearts:
                print(f"{'':11}bot      {hearts}")
            hearts = ""
            print(f"{event['t']:7.2f} s  {says[event['event']].format(**event)}")

# %% jupyter={"source_hidden": true}
def judge(report, gw=None):
    """The picture of a run, and what a grader would say of it."""
    try:
        display(report.responsive(0.1, gateway=gw))
    except Exception as complaint:  # the picture is shown before the check complains
        print(complaint)

# %% [markdown]
# Nothing waits in `longest`, so there is nothing to await. But there is an `await` that waits for
# nothing: **`await asyncio.sleep(0)`**. It sleeps for zero seconds. What it does is to suspend: the
# task steps aside, goes to the end of the queue, and the loop makes one round. We call that **a
# turn**.
#
# "Then give the loop a turn!", says a friend. Like this?

# %%
async def streak(ctx):
    await asyncio.sleep(0)  # a turn for the loop
    await ctx.send(f"{longest(SEASON)} good rolls in a row")

# %% [markdown]
# > **Predict.** What does that turn save?

# %%
predict("?", about="one-turn-first")

# %% experiment="one-turn-first"
gw, report = await evening(streak)
tell(gw)

# %%
predict(about="one-turn-first")

# %% [markdown]
# One turn, then a whole season. The heart stopped all the same, and bo waited as long as ada. In the
# chart, the block is as long as the whole season takes.

# %%
judge(report, gw)

# %% [markdown]
# ## 2 · A turn after every roll
#
# You may also have read this advice: if you have a long loop, add an `await asyncio.sleep(0)` *in each
# round*. Then the turn is inside the `for`. Here is `longest` in slices of `every` rolls, with a turn
# after each slice:

# %%
async def longest_in_slices(rolls, every):
    """As `longest`, with a turn for the loop after so many rolls."""
    best = run = 0
    for start in range(0, len(rolls), every):
        for roll in rolls[start : start + every]:
            run = run + 1 if good(roll) else 0
            best = run if run > best else best
        await asyncio.sleep(0)
    return best

# %% [markdown]
# What does ada pay for it? The price is the CPU time that this takes, divided by what `longest`
# takes for the same rolls. It is measured inside of the task, on a watched loop. We take 20,000
# rolls, so that you need not wait.

# %%
async def priced(function, rolls, *arguments):
    """The price of one way to read the rolls: how many times the time that `longest` takes."""
    began = time.thread_time()
    await function(rolls, *arguments)
    return (time.thread_time() - began) / (plain * len(rolls))

# %% [markdown]
# > **Predict.** A turn after every single roll. How much longer does ada wait?

# %%
predict("?", about="a-turn-each")

# %% experiment="a-turn-each"
async def a_turn_each():
    return await priced(longest_in_slices, SEASON[:20_000], 1)


report = await watch(a_turn_each)
turn = (report.value - 1) * plain
print(f"{report.value:.0f} times as long. The season would take {report.value * 0.9:.0f} s,")
print(f"for a turn costs {turn * 1e6:.1f} µs, and a roll {plain * 1e6:.3f} µs")

# %%
predict(about="a-turn-each")

# %% [markdown]
# So that advice frees the loop, and it is expensive: ada waits, and waits. Is that the only choice
# there is?

# %% [markdown]
# ## 3 · The valley
#
# Between a turn after each roll and no turn at all lie a few powers of ten. Let us try them all.
#
# > **Predict.** You want the loop never held for 10 ms, and a price below 10 %. After how many rolls
# > should `streak` give the loop a turn?

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
    show(figure, f"Price and stretch against rolls between two turns; both are good at {said}.")
    print(f"Both are good (hatched): a turn after {said} rolls")


valley_chart(valley)

# %%
predict(about="how-often")

# %% [markdown]
# Above is what ada pays, below what everybody else feels. On the left you pay for nearly nothing
# but turns; on the right the loop is held for too long. Between them lies a wide valley (hatched)
# where both are good, and **nobody needs to know exactly where**. A turn is nothing beside a
# millisecond of work.
#
# **Change it.** Put more work into `good`, say `sum(range(roll)) >= 20`, and run the cells from
# part 1 on again. Which way does the valley move?

# %% [markdown]
# ## 4 · The same code, other rolls
#
# So, 10,000 it is, for ever? The bot also has an old log, from before somebody thought of bytes. It
# is text, and each line has to be taken apart:

# %%
LINES = [f"ada rolls {random.randint(1, 6)}+{random.randint(1, 6)}" for _ in range(100_000)]


def good(roll):
    """Whether a roll is good, be it a number or a line of the old log."""
    if isinstance(roll, str):
        roll = sum(int(die) for die in roll.rpartition(" ")[2].split("+"))
    return roll >= 7

# %% [markdown]
# > **Predict.** A turn after every 10,000 rolls, as a minute ago. For how long is the loop held at a
# > stretch now?

# %%
predict("?", about="slower-rolls")

# %% experiment="slower-rolls"
report = await watch(longest_in_slices, LINES, 10_000)
numbers, lines = valley[10_000][1] * 1000, report.longest_block * 1000
print(f"Numbers: held for {numbers:.2f} ms. Lines: {lines:.1f} ms")

# %%
predict(about="slower-rolls")

# %% [markdown]
# The same code, and the stretch is longer by far. Today it is the log, tomorrow a slower machine,
# and nobody touches the 10,000. What the heart feels is not the number of rolls. It is **time**; so
# ask a clock:

# %%
async def longest_by_clock(rolls, budget=0.005):
    """As `longest`, with a turn for the loop whenever `budget` seconds are used up."""
    best = run = 0
    turn = time.monotonic() + budget
    for roll in rolls:
        run = run + 1 if good(roll) else 0
        best = run if run > best else best
        if time.monotonic() > turn:
            await asyncio.sleep(0)
            turn = time.monotonic() + budget  # and from here on a new budget
    return best

# %%
async def both():
    """Numbers, then lines, by the clock; the price of the numbers."""
    price = await priced(longest_by_clock, SEASON[:1_000_000])
    await longest_by_clock(LINES)
    return price


plain = cpu_seconds(longest, SEASON[:1_000_000]) / 1_000_000  # `good` is a little dearer now
report = await watch(both)
look = (report.value - 1) * plain * 1e9
print(f"Price: {report.value:.2f} x the work. Longest block: {report.longest_block * 1000:.0f} ms")
print(f"A look at the clock costs {look:.0f} ns, and a roll costs {plain * 1e9:.0f} ns.")

# %% [markdown]
# Both kinds of rolls, and neither holds the loop for much more than the 5 ms that we allow. The price
# is higher than it was with a count of 10,000 (part 3). It is not the turns that cost so much: it is
# the look at the clock after each roll. It costs about as much as one of these cheap rolls (see the
# last line above). For cheap items look only after every hundredth: that is a count again, but a
# harmless one, and it saves most of this price.
#
# Mind the last line of the loop. Without it, the budget is used up once and never renewed, and from
# then on there is a turn after *every* roll. You know what that costs.

# %% [markdown]
# ## 5 · Eight at the same time
#
# Now #general wakes up. Eight people ask for their streak at the same moment, and each `streak` is
# as polite as can be: 20 ms, then a turn for the others.

# %%
async def crowd(people, one, *arguments):
    """So many people want something at once; each has a share of the season."""
    mine = SEASON[: int(0.04 / plain)]
    await asyncio.gather(*(one(mine, *arguments) for _ in range(people)))

# %% [markdown]
# > **Predict.** How late is the heartbeat?

# %%
predict("?", about="eight-at-once")

# %% experiment="eight-at-once"
async def eight():
    await crowd(8, longest_by_clock, 0.02)


report = await watch(eight)
judge(report)
if report.longest_block < 0.12:
    print("Less than 160 ms? Other programs had a part of it: the clock runs on during that time.")

# %%
predict(about="eight-at-once")

# %% [markdown]
# The block is the sum. In each round the loop runs **everybody who is ready**, one after the other,
# and looks at its timers and sockets only then. Eight who are ready, 20 ms each: no heartbeat can
# leave in between, and it does not help that each of the eight was polite.
#
# There are two ways out. One: eight who compute divide the budget by eight. The other: they pass a
# **talking stick** around, and only who holds it may compute. asyncio's talking stick is called
# `Lock`. `async with stick:` waits until the stick is free, in line with the others, takes it, and
# hands it on at the end of the block:

# %%
async def longest_in_turn(rolls, stick, budget=0.02):
    """As `longest`; only who holds the stick computes, and hands it on after `budget` seconds."""
    best = run = done = 0
    while done < len(rolls):
        async with stick:
            turn = time.monotonic() + budget
            while done < len(rolls) and time.monotonic() < turn:
                run = run + 1 if good(rolls[done]) else 0
                best = run if run > best else best
                done += 1
            await asyncio.sleep(0)  # with the stick still in hand
    return best

# %%
async def alone(people):
    await crowd(people, longest_by_clock, 0.02)


async def passing_the_stick(people):
    await crowd(people, longest_in_turn, asyncio.Lock(), 0.02)


held = {}
for people in (1, 2, 4, 8):
    runs = [await watch(run, people) for run in (alone, passing_the_stick)]
    held[people] = [run.longest_block for run in runs]
    print(people, "people:", [f"{block * 1000:.0f} ms" for block in held[people]])

# %% jupyter={"source_hidden": true}
def crowd_chart(held):
    """The longest block against the number of people, with and without the stick."""
    figure, axes = plt.subplots(figsize=(8, 3))
    for number, (mark, text) in enumerate((("X-", "each alone"), ("o--", "with a stick"))):
        blocks = [pair[number] * 1000 for pair in held.values()]
        axes.plot(list(held), blocks, f"k{mark}", markersize=9)
        axes.text(8.2, blocks[-1], text, va="center")
    axes.axhline(100, color="black", linestyle=":")
    axes.text(0.6, 104, "limit 100 ms")
    axes.set(xlabel="people who ask at once", ylabel="longest block (ms)", xlim=(0.5, 9.6))
    axes.set(xticks=list(held), ylim=(0, max(125, axes.get_ylim()[1])))
    alone, together = (f"{pair * 1000:.0f} ms" for pair in held[8])
    show(figure, f"The longest block grows with people: {alone} for eight; with a stick {together}.")


crowd_chart(held)

# %% [markdown]
# Without a stick the block grows with every person who asks; with it, it stays at one budget,
# however many there are. (All of them together take as long as before. Work does not become less
# by being shared.)
#
# **Change it.** Move the `sleep(0)` of `longest_in_turn` one step to the left, out of the `async
# with`. It looks tidier, and the stick does nothing any more: who hands it on *before* the loop has
# had its turn, hands it on within the same round.

# %% [markdown]
# ## 6 · One call into C
#
# Between two rolls there is a gap, and in the gap we wrote the `await`. Now somebody wants all rolls
# in order: one line, and fast, for `sorted` is written in C.

# %%
async def in_order():
    await asyncio.sleep(0)
    rolls = sorted(SEASON[:6_000_000])
    await asyncio.sleep(0)
    return rolls[0], rolls[-1]

# %% [markdown]
# > **Predict.** A turn before and a turn after it. What does the loop notice?

# %%
predict("?", about="no-gap")

# %% experiment="no-gap"
report = await watch(in_order)
judge(report)

# %%
predict(about="no-gap")

# %% [markdown]
# One call is one block, in C as in Python. (If the message names no line, other programs kept the
# course from looking in time: run the cell again.) The same holds for `json.loads`, for a regular
# expression, for `re.sub` on a whole log. Yielding is for loops **of your own**. For the rest there
# are threads and processes, and unit 05 says which of them takes what.

# %% [markdown]
# ## 7 · Write it once
#
# You will not want to write this into every `for` of your bot. Write it once. An `async def` with a
# `yield` in it is an **async generator**: it hands out one item after the other, as a generator
# does, and in between it may await. `async for` asks it for the next one.

# %%
async def gently(items, every=1_000):
    """Hand out the items one by one, and give the loop a turn after each `every` of them."""
    for number, item in enumerate(items, 1):
        yield item
        if number % every == 0:
            await asyncio.sleep(0)

# %% [markdown]
# (It counts again. In the lab you give it a clock.) With it, `longest` gives turns by the change of
# one line, the `for`:

# %%
async def longest_gently(rolls):
    """As `longest`; the loop gets its turns."""
    best = run = 0
    async for roll in gently(rolls, every=50_000):
        run = run + 1 if good(roll) else 0
        best = run if run > best else best
    return best


async def streak(ctx):
    await ctx.send(f"{await longest_gently(SEASON)} good rolls in a row")


gw, report = await evening(streak)
tell(gw)
if len(gw.replies) < 2:
    print("Other programs took too much of the processor: `!goodnight` came before ada's answer.")
    print("`streak` is right all the same. Run this cell again.")

# %% [markdown]
# The hearts go on, and bo's pong comes immediately, in the middle of ada's work. In the chart `streak`
# has a long bar, and no hatching: it is many short ones, too close to be drawn apart, and between any
# two of them a heart may beat.

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
# That is for items which cost next to nothing. With members, messages or rows, each of which takes
# microseconds, you will not find it again in your figures.

# %% [markdown]
# ## In your bot
#
# **Search for** long loops of your own, in handlers:
#
# ```
# grep -rnE "for .+ in .*(members|messages|history|rows|users|words)" --include="*.py" .
# ```
#
# Most of them are short, and may stay as they are. Which one is long? The one that grows with the
# size of the server: members, messages, the rows of a table.
#
# **Before and after**
#
# ```python
# @bot.command()
# async def top(ctx):                                             # before
#     scores = []
#     for member in ctx.guild.members:
#         scores.append((score_of(member), member.name))
#     await ctx.send(best_ten(scores))
#
# @bot.command()
# async def top(ctx):                                             # after
#     scores = []
#     async for member in gently(ctx.guild.members):
#         scores.append((score_of(member), member.name))
#     await ctx.send(best_ten(scores))
# ```
#
# One thing is new. While `top` gives a turn, somebody may join or leave, and a list that changes
# while you walk through it trips you up. So walk through a copy: `gently(list(ctx.guild.members))`.
# Unit 09 has more about what may happen between two awaits.
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
# - **A budget by the clock** is used up sooner when other programs take the processor, for the clock
#   runs on meanwhile. That does no harm: a few turns more.
# - **Not too often, also for the sake of threads.** discord.py's heartbeat begins in a thread, and a
#   thread needs the GIL (unit 05). A loop that releases and takes the GIL thousands of times per second
#   often has it again before the waiting thread wakes up: with a turn every 0.14 ms, a thread of ours
#   was up to 0.3 s late. After 5 ms without a release the loop's thread must hand the GIL over. That is
#   why part 7 takes 50,000 rolls, which are some milliseconds.
# - **In each round all that are ready are run**, and what becomes ready meanwhile must wait for the
#   next one: `BaseEventLoop._run_once` in CPython's `asyncio/base_events.py` says so in a comment.
# - **`await` alone is no turn** (unit 02). In a `for` full of awaits that never really suspend, the
#   loop gets no turn at all.
# - **A stick and an error.** `async with stick:` hands the stick on when the block ends by an
#   exception, too. `stick.acquire()` and `stick.release()` in two lines do not.
# - **Is it worth it?** Yielding keeps the bot alive, and uses one core. When a computation is long
#   and frequent, a process does it elsewhere, and the loop has all its time to itself: unit 05.
#
# Sources: Python's documentation, *Coroutines and Tasks*, section *Sleeping*; CPython's
# `Lib/asyncio/base_events.py` and `locks.py`.
# </details>

# %% [markdown]
# ## You have seen
#
# - `await asyncio.sleep(0)` is one turn of the loop: it costs microseconds. After each item that is
#   ruinous, after each millisecond of work it is nothing.
# - A count bounds items, a clock bounds time, and time is what the heart feels. The stretches of
#   several tasks add up, unless they share one budget.
# - Where there is no gap, there is no place for a turn: one long call stays one long block.
#
# **Next**: the lab of this unit, where a crunch becomes polite, `gently` gets its clock, and forty
# people share one budget. Then unit 05, for the calls that have no gap.
