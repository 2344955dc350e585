# The lesson of unit 01. No server is needed: coroutines are driven by hand, by a loop of fewer than
# 20 lines, and by asyncio, and the same three counters give the same chart on the last two.
# Every figure in the text is either measured by the cell above it, or cited under "In practice".
# `build` makes notebooks/01_coroutines.ipynb of this file.

# %% [markdown]
# # 01 · Build the loop that your bot runs on
#
# *What is a coroutine, and what is a loop?*
#
# **You will** drive a coroutine by hand, read a loop of fewer than 20 lines that does it for you
# (you write one in the lab), and then run the same program on asyncio's loop and compare the two
# charts.
#
# **You learn**
# - what happens to a line, and to an `if`, when the `await` is forgotten;
# - what a coroutine is: a function that can pause, and that something has to drive;
# - what a loop is: a program that drives many coroutines in turn, and sleeps when none of them is
#   ready.
#
# **You need** unit 00, and `yield`. (The last of the [four short
# checks](../toolbox/are_you_ready.ipynb) is about it.) No server and no Discord account.
#
# As in unit 00: read the program, **predict**, run it, look. Predictions are never graded.

# %%
import asyncio
import time
import types
from collections import deque

import matplotlib.pyplot as plt

from autograder import predict, recall, show, watch

# %% [markdown]
# First, two questions from unit 00. Do not look anything up. Run each cell, put a letter in place
# of the question mark, and run it again.

# %%
recall("?", about="loop-in-a-notebook")

# %%
recall("?", about="what-is-graded")

# %% [markdown]
# ## 1 · A forgotten word
#
# Here is a command of your bot, seen up close. `send` stands for `ctx.send`: its text appears in
# #general.

# %%
async def send(line):
    print("#general |", line)


async def roll(name):
    send(f"{name} shakes the cup")
    await send(f"{name} rolls 7")

# %% [markdown]
# In the first line of `roll` a word is missing.
#
# > **Predict.** ada rolls. What do people in #general read?
#
# Run the next cell to see the choices. Replace the question mark with your letter, run it again,
# then go on.

# %%
predict("?", about="forgotten-await")

# %% experiment="forgotten-await"
await roll("ada")

# %%
predict(about="forgotten-await")

# %% [markdown]
# One line arrived, the other is lost. No exception came, and `roll` went on. There is only a
# `RuntimeWarning`. On a server a bot writes it to stderr, where few people look.
#
# So a call of an `async def` does not run it. What does it do? Look at what it returns:

# %%
line = send("hello")
print(type(line), "and not a word in #general")

# %% [markdown]
# It made a **coroutine**: an object that holds the function's lines and has run none of them. It
# runs when you await it. (A coroutine runs only once. If you run the next cell twice, Python says
# *cannot reuse already awaited coroutine*. Then run the cell above it again, which makes a new
# coroutine. This is also true in parts 2 and 3.)

# %%
await line

# %% [markdown]
# A lost line is a mistake that you can see. The next one is worse. cy is banned, and `knock` first
# checks whether the name is banned:

# %%
async def is_banned(name):
    return name == "cy"


async def knock(name):
    if is_banned(name):
        await send(f"{name} stays outside")
    else:
        await send(f"come in, {name}")

# %% [markdown]
# > **Predict.** ada, bo and cy knock. Who comes in?

# %%
predict("?", about="knock")

# %% experiment="knock"
for name in ("ada", "bo", "cy"):
    await knock(name)

# %%
predict(about="knock")

# %% [markdown]
# `if` tests the coroutine, not the answer of `is_banned`. A coroutine is an object like any other,
# so it counts as true. With the opposite check, `if not is_member(name): ... stays outside`, the
# door would let everyone in.
#
# (Three coroutines were lost, and Python warned once. In one run of a cell it names each line once.
# Run the cell again, and it warns again. A bot is one long run, so there it names the line once and
# never again.)
#
# **Change it.** Put the two missing `await`s where they belong, in `roll` and in `knock`.

# %% [markdown]
# ## 2 · A function that can pause
#
# What kind of object has run nothing yet and waits to be driven? You know one: a generator. Here bo
# counts. `next` drives him to the next `yield`. There he stops, with all his variables.

# %%
def bo_counts():
    print("bo says one")
    yield "a breath"
    print("bo says two")


counting = bo_counts()
print("made")
print("bo takes", next(counting))

# %% [markdown]
# A coroutine is the same, with other words. An `async def` cannot pause by itself: what it awaits
# must pause. In the next cell the generator `pause` does that, and `@types.coroutine` allows us to
# `await` it. `yield note` gives `note` to the driver. The value of this `yield` is what the driver
# sends back; we use that at the end of this part. You will never write such a generator in a bot.

# %%
@types.coroutine
def pause(note=None):
    """Stop here, and give `note` to the driver."""
    answer = yield note
    return answer

# %%
async def roll(name):
    print(name, "shakes the cup")
    await pause("the cup is in the air")
    print(name, "lifts the cup")
    return 7

# %% [markdown]
# You drive a generator with `next(it)`, and a coroutine with `it.send(None)`. Both mean "go on",
# and both stop at the next pause. (This is a method of every coroutine, not the `send` of part 1.)
# The call of `roll` runs nothing, as in part 1. The first `send` runs it from the top to its pause,
# and returns what it paused with:

# %%
hand = roll("ada")
print("made")
print("send says:", hand.send(None))

# %%
def tried(call, *details):
    """Print what a call returned, or which error it raised."""
    try:
        print("returned:", call(*details))
    except Exception as error:
        print(f"raised {type(error).__name__}: {error}")

# %% [markdown]
# Now ada is in the middle of her function, with the cup in the air. She stays there until the next
# `send`. No thread waits for her and nothing runs. She is an object that remembers its place.
#
# Her next line is followed by `return 7`.
#
# > **Predict.** What does the second `send` do?

# %%
predict("?", about="second-send")

# %% experiment="second-send"
tried(hand.send, None)

# %%
predict(about="second-send")

# %% [markdown]
# Line by line, this is what the two calls of `send` did:
#
# | we do | the coroutine runs | `send` |
# |---|---|---|
# | `roll("ada")` | nothing | |
# | `hand.send(None)` | from the top to `pause`: the cup is shaken | returns what it paused with |
# | `hand.send(None)` | from there to `return 7`: the cup is lifted | raises StopIteration, value 7 |
#
# A pause and an end must look different, or the driver could not tell them apart. So the result
# comes in an exception. `await` takes it out for you.
#
# `send` is called *send* because it can carry a value. The `await` inside returns what you send:

# %%
async def ask(name):
    answer = await pause(f"{name}, tea or coffee?")
    return f"{name} takes {answer}"


question = ask("bo")
print(question.send(None))
try:
    question.send("tea")
except StopIteration as end:
    print(end.value)

# %% [markdown]
# The question comes out and the function stops. When you send the answer, the function goes on in
# the middle of its line. A web request looks the same from inside: `page = await ...` pauses, and
# when the bytes are there, the function goes on with them. (asyncio itself always sends None. The
# result comes in a *future*; see part 5.)
#
# **Change it.** Send `"tea"` as the very first value. What does Python say? (No `await` is waiting
# for it yet.)

# %% [markdown]
# ## 3 · One coroutine awaits another
#
# In a bot, one coroutine awaits another, which awaits the next. Only the innermost one pauses.

# %%
async def tea_time():
    first = await ask("ada")
    second = await ask("bo")
    return f"{first}, {second}"

# %% [markdown]
# There is no `pause` in `tea_time` itself.
#
# > **Predict.** We send into `tea_time()` once. What comes back?

# %%
predict("?", about="through-await")

# %% experiment="through-await"
party = tea_time()
print("send says:", party.send(None))

# %%
predict(about="through-await")

# %% [markdown]
# The pause went from `pause` through `ask` and through `tea_time` to us. The answer goes back the
# same way:

# %%
print(party.send("coffee"))
try:
    party.send("tea")
except StopIteration as end:
    print(end.value)

# %% [markdown]
# So `await` of a coroutine is a **call** that lets pauses through. bo was asked only after ada had
# answered: nothing was started "in the background". Unit 02 builds on this.

# %% [markdown]
# ## 4 · A loop is what sends
#
# So far you were the driver. You can drive only one coroutine at a time, but you can go from one to
# the next. The next program does that. Read it. (A `deque` is a list that is fast at both ends. The
# `else` of a `try` runs when there was no exception.)

# %%
class Loop:
    """Drives coroutines in turn, each to its next pause, until none is left."""

    def __init__(self, **people):
        self.ready = deque(people.items())

    def turn(self):
        """Drive the first in the queue to its next pause, then let it queue again."""
        name, coroutine = self.ready.popleft()
        try:
            coroutine.send(None)
        except StopIteration as end:
            print(f"[{name} is done: {end.value}]", end=" ")
        else:
            self.ready.append((name, coroutine))

    def run(self):
        while self.ready:
            self.turn()

# %% [markdown]
# This is an event loop. It has no clock yet; part 5 shows why it needs one.
#
# Three people count. Each number takes a moment of real work, and after each number there is a
# pause. `diary` records from when to when each person worked.

# %%
async def count(name, upto, diary):
    for number in range(1, upto + 1):
        began = time.perf_counter()
        sum(range(300_000))  # think of the next number
        diary.append((name, began, time.perf_counter()))
        print(name, number, end=" ")
        await pause()
    return upto

# %% [markdown]
# > **Predict.** ada counts to 6, bo to 4, cy to 2. In which order do the numbers appear?

# %%
predict("?", about="who-counts-when")

# %% experiment="who-counts-when"
ours = []
Loop(ada=count("ada", 6, ours), bo=count("bo", 4, ours), cy=count("cy", 2, ours)).run()

# %%
predict(about="who-counts-when")

# %% [markdown]
# Three functions are in the middle of their own `for`, and each of them gets further in turn. There
# are no threads, only one `while` loop.
#
# You may have read that asyncio runs several tasks *simultaneously*, or that it only looks so. Let
# us draw the diary. Each person has a lane, and a bar shows when they worked.

# %% jupyter={"source_hidden": true}
def lanes(axes, diary, title):
    """Draw a diary: one lane a person, one bar for each stretch of work."""
    names = sorted({name for name, _, _ in diary}, reverse=True)
    start = min(began for _, began, _ in diary)
    shades = {"ada": "0.25", "bo": "0.55", "cy": "0.8"}
    for name, began, ended in diary:
        bar = ((began - start) * 1000, (ended - began) * 1000)
        axes.broken_barh(
            [bar], (names.index(name) - 0.35, 0.7), facecolor=shades[name], edgecolor="black"
        )
    axes.set_yticks(range(len(names)), names)
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.spines[["top", "right"]].set_visible(False)


def most_at_once(diary):
    """How many were at work at the same moment, at the most."""
    return max(sum(a <= began < b for _, a, b in diary) for _, began, _ in diary)

# %%
figure, axes = plt.subplots(figsize=(8, 2.2), layout="constrained")
lanes(axes, ours, "on our loop")
axes.set_xlabel("milliseconds")
most = most_at_once(ours)
show(figure, f"A lane for each person, a bar for each stretch of work; at most {most} at a time.")
print("Order of the bars:", " ".join(name for name, _, _ in ours))
print("At work at the same moment, at the most:", most)

# %% [markdown]
# The bars are mixed, as if three people counted at the same time. But put a ruler upright on the
# chart: it never crosses more than one bar. **A loop does one thing at a time, and switches at the
# pauses.** When one person is done, the others share the turns.
#
# Now asyncio. We take the same `count`, with the same `pause` in it, and give all three to
# asyncio's loop. `gather` does that and waits for all three; unit 02 says more about it.
#
# > **Predict.** How will asyncio's chart differ from ours?

# %%
predict("?", about="two-charts")

# %%
theirs = []


async def on_asyncio():
    people = {"ada": 6, "bo": 4, "cy": 2}
    return await asyncio.gather(*(count(name, upto, theirs) for name, upto in people.items()))


report = await watch(on_asyncio)
print("results:", report.value)

# %% [markdown]
# In the line with `gather`, `(count(...) for ...)` makes one coroutine per person. `gather` does not
# take a list, so the **star** passes them as separate arguments: `gather(*(f(x) for x in xs))` is
# `gather(f(1), f(2), f(3))` when `xs` is `1, 2, 3`.

# %% experiment="two-charts"
figure, (above, below) = plt.subplots(2, 1, figsize=(8, 4), layout="constrained")
lanes(above, ours, "on our loop")
lanes(below, theirs, "on asyncio's loop")
below.set_xlabel("milliseconds")
orders = [" ".join(name for name, _, _ in diary) for diary in (ours, theirs)]
show(figure, f"Order of the bars on our loop: {orders[0]}; on asyncio's loop: {orders[1]}.")
for whose, order in zip(("ours:   ", "asyncio:"), orders, strict=True):
    print(whose, order)

# %%
predict(about="two-charts")

# %% [markdown]
# The order and the turns are the same. asyncio's loop takes the first coroutine in its queue, sends
# None into it, and puts it back into the queue when it pauses. asyncio also has our `pause()`, a
# pause without a value. It is called `asyncio.sleep(0)`:

# %%
for one in (pause(), asyncio.sleep(0)):
    print("pauses with", one.send(None))
    one.close()

# %% [markdown]
# **Change it.** In `Loop.turn`, write `pop()` for `popleft()`, so that it takes the *last* one in
# the queue. First guess what people read. Then run the cells from `class Loop` to the chart again.
# (Each pause is still a pause. But the loop decides who runs next, not the coroutine.) At the end
# write `popleft()` again, and run that cell: part 5 needs it.

# %% [markdown]
# ## 5 · A loop that sleeps
#
# One thing is missing. ada, bo and cy do not want to count any more. They want a nap of 0.3 s. Our
# loop has no clock, so the first idea is to sleep on the spot. Three naps then take 0.9 s, one
# after the other:

# %%
async def nap_on_the_spot(seconds):
    time.sleep(seconds)
    await pause()


def timed(nap):
    """Three people nap for 0.3 s on our loop; return the seconds passed and the seconds of CPU."""
    wall, cpu = time.perf_counter(), time.thread_time()
    Loop(ada=nap(0.3), bo=nap(0.3), cy=nap(0.3)).run()
    passed = time.perf_counter() - wall, time.thread_time() - cpu
    print(f"\n{passed[0]:.2f} s passed, the CPU worked for {passed[1]:.2f} s of it")
    return passed


naps = {"time.sleep on the spot": timed(nap_on_the_spot)}

# %% [markdown]
# Such a nap is called *blocking*. Unit 03 is about what blocking does to a bot. The second idea:
# pause until it is time.

# %%
async def nap_and_look(seconds):
    due = time.monotonic() + seconds
    while time.monotonic() < due:
        await pause()

# %% [markdown]
# > **Predict.** Now all three naps together take 0.3 s. For how much of this time does the CPU
# > work?

# %%
predict("?", about="nap-and-look")

# %% experiment="nap-and-look"
naps["look at the clock again and again"] = timed(nap_and_look)
passed, worked = naps["look at the clock again and again"]
if worked < 0.8 * passed:
    print("Other programs used the CPU for the rest of this time. The loop itself never rested.")

# %%
predict(about="nap-and-look")

# %% [markdown]
# The naps overlap, but the processor works all the time, only to let people sleep. Now asyncio,
# which has a clock:

# %%
async def on_asyncio():
    wall, cpu = time.perf_counter(), time.thread_time()
    await asyncio.gather(asyncio.sleep(0.3), asyncio.sleep(0.3), asyncio.sleep(0.3))
    return time.perf_counter() - wall, time.thread_time() - cpu


naps["asyncio.sleep"] = (await watch(on_asyncio)).value

# %% jupyter={"source_hidden": true}
def nap_chart(naps):
    """Two bars for each way to nap: seconds that passed, and seconds of CPU."""
    figure, axes = plt.subplots(figsize=(8, 2.8), layout="constrained")
    for row, (wall, cpu) in enumerate(reversed(naps.values())):
        axes.barh(row + 0.19, wall, 0.36, color="0.8", edgecolor="black")
        axes.barh(row - 0.19, cpu, 0.36, color="white", edgecolor="black", hatch="////")
        axes.text(wall + 0.01, row + 0.19, f"{wall:.2f} s passed", va="center")
        axes.text(cpu + 0.01, row - 0.19, f"{cpu:.3f} s of CPU", va="center")
    axes.set_yticks(range(len(naps)), reversed(naps))
    axes.set(xlim=(0, 1.2), xlabel="seconds")
    axes.spines[["top", "right"]].set_visible(False)
    words = [f"{way} {wall:.2f} s, {cpu:.3f} s of CPU" for way, (wall, cpu) in naps.items()]
    show(figure, f"How long three naps took: {'; '.join(words)}.")


nap_chart(naps)
for way, (wall, cpu) in naps.items():
    print(f"{way}: {wall:.2f} s passed, {cpu:.3f} s of CPU")

# %% [markdown]
# asyncio's naps overlap *and* take hardly any CPU time. How? A sleep that is longer than zero does
# not pause with None. Look at what it gives to the loop:

# %%
nap = asyncio.sleep(0.3)
print(nap.send(None))
nap.close()

# %% [markdown]
# It is a **future**: an object that is not done yet. Later the loop puts the result into it (after a
# nap, None), marks it as done and runs the coroutine again; `await` takes the result out. Until then
# the coroutine is not in the queue. The loop keeps the due times, sorted. When the queue is empty,
# the loop knows how long it may sleep: until the earliest of these times. It asks the operating
# system to wake it at that time, or earlier when data arrives on a network connection (a *socket*).
# That is all there is to a loop:
#
# 1. drive every coroutine that is ready, each to its next pause;
# 2. if none is ready, sleep until the next nap is due or data arrives;
# 3. the coroutine that waited for this is ready again; go to 1.
#
# In the last exercise of the lab you give our loop its clock.

# %% [markdown]
# ## In your bot
#
# **Search for** calls of Discord that begin a line, without `await`:
#
# ```
# grep -rnE "^ *[a-z_.]+\.(send|reply|edit|delete|purge|add_roles|remove_roles|add_reaction|kick|ban|unban|timeout|send_message|defer)\(" --include="*.py" .
# ```
#
# Then look for conditions: an `if` on a function of your own that is an `async def`.
#
# **Before and after**
#
# ```python
# @bot.command()
# async def kick(ctx, member: discord.Member):                          # before
#     if is_moderator(ctx.author):
#         member.kick()
#         await ctx.send(f"{member} is gone")
#
# @bot.command()
# async def kick(ctx, member: discord.Member):                          # after
#     if await is_moderator(ctx.author):
#         await member.kick()
#         await ctx.send(f"{member} is gone")
# ```
#
# With the first version everyone may use the command, no one is removed, and the bot still says that
# the member is gone. If you give the check to `@commands.check`, discord.py awaits it for you:
#
# ```python
# @bot.command()
# @commands.check(is_mod)                      # async def is_mod(ctx): awaited for you, before `kick`
# async def kick(ctx, member: discord.Member):
#     await member.kick()
# ```
#
# **One change for tonight.** Start your bot with `python -X dev bot.py`. The plain warning names
# the line at which the coroutine was *thrown away*. With `-X dev` you also read where it was
# *made*, and which lines called that. Here it was kept in a list, until line 19 emptied the list.
# (The text of line 19 comes last.)
#
# ```
# bot.py:19: RuntimeWarning: coroutine 'Member.kick' was never awaited
# Coroutine created at (most recent call last)
#   ...
#   File "bot.py", line 14, in kick_all
#     kicks.append(member.kick())
#   kicks.clear()
# ```
#
# It makes the bot slower (unit 10 measures by how much), so use it for one evening.

# %% [markdown]
# ## In practice
#
# <details><summary>The fine print, with sources</summary>
#
# - **Do not drive asyncio's coroutines by hand** in a bot. `send` is for loops, and for lessons.
# - **A task** is what asyncio calls a coroutine that the loop drives, whether it is in the queue or
#   waits. Unit 02 begins there.
# - **`types.coroutine`** exists for the authors of loops. asyncio's own lowest step is
#   `Future.__await__`, with one `yield` in it; `asyncio.sleep(0)` is a bare `yield`.
# - **What a coroutine may pause with** is agreed between it and its loop. asyncio takes nothing
#   (None) and its own futures; `pause("hello")` ends there with *Task got bad yield*. Libraries for
#   another loop (curio, trio) pause with other things, so they do not run on asyncio.
# - **Cancelling** (unit 06): the loop raises an exception inside a coroutine, with the coroutine's
#   method `throw`.
# - **The loop of your notebook** does all this too, while you read.
# - **Checkers** find forgotten `await`s before they run, where they know the types: annotate your
#   parameters (`ctx: commands.Context`). mypy (`unused-coroutine`, on by default; without
#   `--check-untyped-defs` it skips functions without annotations) and pyright
#   (`reportUnusedCoroutine`) report a call that stands alone, like `send(...)` in part 1; mypy's
#   `truthy-bool`, which you must switch on, reports the `if`.
# - **A talk to watch**: David Beazley, *Fear and Awaiting in Async* (2016). He builds a loop before
#   the audience, in the style of his library curio, not of asyncio, but the idea is the same.
#
# Sources: Python's documentation, *A conceptual overview of asyncio* and *Coroutines* (the
# `send`, `throw`, `close` of the language reference); CPython's `Lib/asyncio/tasks.py`, function
# `__sleep0`, and `Lib/asyncio/base_events.py`, method `_run_once`; the documentation of mypy,
# *Error codes*; discord.py 2.7.1, `ext/commands/core.py`, method `can_run`.
# </details>

# %% [markdown]
# ## You have seen
#
# - A call of an `async def` makes a coroutine and runs nothing. Without `await` it is lost, and in
#   an `if` it counts as true.
# - A coroutine is a function that can pause. `send` drives it to its next pause. Its result comes
#   at the end, in a StopIteration. A pause goes through every `await` to the driver.
# - A loop is a `while` that drives one coroutine after the other, and sleeps when none is ready. It
#   only looks simultaneous: one coroutine runs at a time.
#
# **Next**: the lab of this unit. You find four lost `await`s, write the step and the loop, and, if
# you like, its clock. Then unit 02: where can control go from one task to another, and where can it
# not?
