# The lesson of unit 00: the first thing anybody sees. It shows and orients; unit 03 explains.
# Every figure in the text is either measured by the cell above it, or cited under "In practice".
# `build` makes notebooks/00_start_here.ipynb of this file.

# %% [markdown]
# # 00 · Kill a bot, and bring it back to life
#
# *What kills my bot? Where am I, and how am I graded?*
#
# > **Are you on Binder?** Then know this first: after ten idle minutes **everything here
# > vanishes**, your answers too. Part 5 has one cell that saves your work, and one that brings it
# > back.
#
# **You will** run a real Discord bot that has one harmless-looking line in it, see what happens to
# its connection, change one word, and look again.
#
# **You learn**
# - how a notebook runs async code, and what `bot.run()` does there;
# - to read the chart that judges every answer in this course;
# - how labs are graded, where your work is kept, and where you stand.
#
# **You need** a year of Python and a bot of your own, or the wish for one. No Discord account, no
# internet: nothing leaves this machine. The lesson takes 25 to 40 minutes; the first two are the
# best.
#
# Click on a cell, press **Shift+Enter**: it runs, and the next one is yours. Begin with this one.
# It also says where you are, so whoever comes back begins here too:

# %%
import asyncio
import sys
import time

import discord
from discord.ext import commands

from autograder import predict, progress, watch, world

servers = await world.start()
progress()

# %% [markdown]
# ## 1 · One line
#
# Here is a bot as you know it: discord.py, as it comes from PyPI, and one command.

# %%
def make_bot(*functions):
    """A discord.py bot with these functions as its commands; `!goodnight` sends it to bed."""
    bot = commands.Bot("!", intents=discord.Intents.all(), help_command=None)
    for function in functions:
        bot.command()(function)  # what `@bot.command()` above the function does

    @bot.command()
    async def goodnight(ctx):
        await bot.close()

    return bot


async def roll(ctx, dice):
    time.sleep(0.9)  # shake the cup
    await ctx.send(f"{ctx.author.name} rolls {dice}: 7")

# %% [markdown]
# And here is Discord, or what the bot takes for it: a **gateway** on your own machine. Every 0.2 s
# it wants to hear a *heartbeat* from the bot. After 0.4 s of silence it takes the bot for dead.
#
# (The two folded cells below set the stage. They open with a click; unit 03 takes them apart.)

# %% jupyter={"source_hidden": true}
async def evening(roll):
    """ada spends two seconds in #general with a bot that has this `!roll`."""
    gw = await servers.gateway(heartbeat=0.2, grace=2)
    world.point(gw)  # from now on discord.py takes this gateway for Discord

    async def bot_life():
        async with make_bot(roll) as bot:
            await bot.start(gw.token)

    async def people():
        await gw.until(ready=1)
        for pause, line in ((0.5, "!roll 2d6"), (1.5, "!goodnight")):
            await asyncio.sleep(pause)
            await gw.say(line, author="ada")

    report, _ = await asyncio.gather(watch(bot_life), people())
    return gw, report

# %% jupyter={"source_hidden": true}
def tell(gw):
    """Print what the gateway saw: one line an event, one heart a heartbeat."""
    says = {
        "ready": "gateway  you are logged in (READY)",
        "say": "{author:8} {content}",
        "reply": "bot      {content}",
        "killed": "gateway  hangs up with {code}: no heartbeat for {gap:.2f} s",
        "resumed": "bot      is back (RESUME)",
    }
    hearts = ""
    for event in [*gw.log, {"event": "end"}]:
        hearts += "♥ " * (event["event"] == "heartbeat")
        if hearts and event["event"] in {*says, "end"}:
            print(f"{'':11}bot      {hearts}")
            hearts = ""
        if event["event"] in says:
            print(f"{event['t']:7.2f} s  {says[event['event']].format(**event)}")

# %% [markdown]
# ada rolls the dice. Shaking the cup takes 0.9 s.
#
# > **Predict.** What does the gateway do meanwhile?
#
# The next cell shows what to choose from. Run it, put your letter in place of the question mark,
# and run it again. Nothing is at stake: predictions are never graded. But make one each time; it
# is how a picture in your head gets repaired.

# %%
predict("?", about="first-kill")

# %% experiment="first-kill"
gw, report = await evening(roll)
tell(gw)

# %%
predict(about="first-kill")

# %% [markdown]
# ada rolls, and the hearts stop. The gateway hangs up. (4009 is its reason, *session timed out*.
# RESUME means that the bot continues its old session.) Nothing crashed, and discord.py printed not a
# word: this happens in silence, perhaps tonight, perhaps in your bot.
#
# `time.sleep` put the **event loop** to sleep, and everything the bot does goes through that one
# loop, its heartbeat included. Here is the evening as a picture, drawn from what was just measured,
# and the verdict of a grader. Time runs to the right, and each lane is one of the bot's tasks. (A task
# is one job that the loop runs; unit 02 makes some.) A
# **blue bar** is time for which the task held the loop (a light one: several short times, too close
# to be drawn apart). A **dark red, hatched bar** is time for which it held the loop too long.

# %%
def judge(report, gw=None):
    """The picture of a run, and what a grader says of it."""
    try:
        display(report.responsive(0.1, gateway=gw))
    except Exception as verdict:  # the picture is shown before the check complains
        print(verdict)


judge(report, gw)

# %% [markdown]
# Now the smallest change that there is. The cup is shaken just as long:

# %%
async def roll(ctx, dice):
    await asyncio.sleep(0.9)  # shake the cup
    await ctx.send(f"{ctx.author.name} rolls {dice}: 7")

# %% [markdown]
# > **Predict.** What do ada and the gateway notice?

# %%
predict("?", about="first-cure")

# %% experiment="first-cure"
gw, report = await evening(roll)
tell(gw)

# %%
predict(about="first-cure")

# %% [markdown]
# `time.sleep` says: *thread, sleep*. `asyncio.sleep` says: *loop, wake me in 0.9 s, and do
# something else until then.* ada waits as long as before; the bot lives.

# %%
judge(report, gw)

# %% [markdown]
# No block, no gap between the hearts, no complaint. (`roll` is your command; what discord.py does for
# itself is in the lane `libraries`. Part 3 tells you how to read the rest.)
#
# **That is the whole course**: to find what holds the loop, and to let go of it. `time.sleep` is
# only the easiest thing to find. Web requests, databases, pictures, big lists and other people's
# libraries do the same, each with its own cure.
#
# *Rather write code now?* The [lab of unit 01](../01_coroutines/01_coroutines.ipynb) begins with a
# repair of five minutes, and you get your first verdict. This page will wait.

# %% [markdown]
# ## 2 · How code runs here
#
# You have just written `await` in the middle of a notebook, outside of any function. In a file that
# would be a SyntaxError. Here it works, because a notebook has a loop of its own, which is running
# already:

# %%
asyncio.get_running_loop()

# %% [markdown]
# Your cells run *inside* that loop. On your server, your bot ends with the line `bot.run(TOKEN)`.
# (If the run below prints a warning as well: it speaks of the bot that was made ready and never
# run. That is all right.)
#
# > **Predict.** What does that line do in a notebook?

# %%
predict("?", about="run-in-cell")

# %% experiment="run-in-cell"
try:
    make_bot(roll).run("my token", log_handler=None)
except RuntimeError as error:
    print(f"RuntimeError: {error}")

# %%
predict(about="run-in-cell")

# %% [markdown]
# At its end `bot.run` calls `asyncio.run`, and that wants to make a loop, run it, and close it. But
# **a thread runs one loop at a time**, and on this thread one is running. The cure is to await what
# you would have run:
#
# | in a file | in a notebook |
# |---|---|
# | `asyncio.run(main())` | `await main()` |
# | `bot.run(TOKEN)` | `await bot.start(TOKEN)` |

# %% [markdown]
# ### For another day: "Just install nest-asyncio"
#
# This part is folded: run its cells and go on to part 3, or unfold it when you meet that advice.
#
# <details><summary>What the patch does</summary>
#
# Look for that error on the web, and you will soon read this advice. `nest_asyncio.apply()` patches
# asyncio, so that a loop can be run *inside* a running one. Let us see what that does. Not here,
# though, because the patch cannot be taken off again: in an interpreter of its own.
# </details>

# %% jupyter={"source_hidden": true}
async def elsewhere(program):
    """Run a program in a fresh Python, and print what it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    print(printed.decode(), end="")

# %% jupyter={"source_hidden": true}
NESTED = """
import asyncio, nest_asyncio, time
nest_asyncio.apply()
began = time.monotonic()

async def run(name, seconds):
    asyncio.run(asyncio.sleep(seconds))  # inside a running loop
    print(f"{name} is done after {time.monotonic() - began:.1f} s")

async def main():
    await asyncio.gather(run("the short one", 0.1), run("the long one", 0.6))

asyncio.run(main())
"""

# %% [markdown]
# > **Predict.** Two tasks, each of which runs something of its own: one for 0.1 s, one for 0.6 s.
# > When is the short one done?

# %%
predict("?", about="nested-runs")

# %% experiment="nested-runs"
await elsewhere(NESTED)

# %%
predict(about="nested-runs")

# %% [markdown]
# <details><summary>Why it had to wait, and what the patch costs</summary>
#
# No error, so it "works". But the short one had to wait for a stranger. An inner run is a *call*:
# it can only return when the calls that were made after it have returned. Your 0.1 s is as long as
# whatever else happened to start meanwhile.
#
# And it has a price, also for code that never nests. What does it cost to make a task and await it,
# before and after the patch?
# </details>

# %% jupyter={"source_hidden": true}
PRICE = """
import asyncio, nest_asyncio, time

async def nothing():
    pass

async def price(times=10_000):
    began = time.process_time()  # CPU time: what other programs do does not count
    for _ in range(times):
        await asyncio.create_task(nothing())
    return (time.process_time() - began) / times * 1e6

plain = min(asyncio.run(price()) for _ in range(5))
nest_asyncio.apply()
patched = min(asyncio.run(price()) for _ in range(5))
print(f"{plain:.1f} microseconds a task, and {patched:.1f} with the patch:")
print(f"{patched / plain:.2f} times as much")
"""

# %%
await elsewhere(PRICE)

# %% [markdown]
# <details><summary>What should keep you from it</summary>
#
# The patch puts tasks written in Python in the place of those that CPython has in C. That is not
# what should keep you from it. This is: the project is **archived**, its last version is 1.6.0, and
# in the notebooks of today (ipykernel 7.4) that version makes *Run All* stop in the middle. One
# cell that calls `asyncio.run`, and the cells after it are never run.
# </details>
#
# So in this course we simply `await`. Nothing needs to be patched.

# %% [markdown]
# ## 3 · Read the chart
#
# `watch` runs a coroutine function on a **fresh loop that is watched**, on a thread of its own, and
# returns a report. Three people talk, each in a task: a word, 50 ms of silence, the next word. (`gather`
# starts the three tasks and waits for all of them.)

# %%
async def say(words):
    for word in words.split():
        print(word, end=" ")
        await asyncio.sleep(0.05)


async def ada():
    await say("Who wants tea now ?")


async def bo():
    await say("Me, please,")
    await say("with milk !")


async def cy():
    await say("No thanks, not for me.")


async def conversation():
    await asyncio.gather(ada(), bo(), cy())

# %%
report = await watch(conversation)
report

# %% [markdown]
# Time runs from left to right.
#
# - **Above**, one lane a task. A bar is time in which that task *held the loop*. Where there is no
#   bar it waited, and waiting costs nobody anything. Here the bars are mere ticks: that is what
#   healthy looks like.
# - **Below**, the lateness. Every 10 ms the loop was due to do something tiny; the height says how
#   late it was. Flat is good.
# - **The machine**, if you see this lane: there, other programs took the processor away. That is
#   measured, so that it is never your fault. The course knows how much time they took during a
#   block, but not when. So it draws their part after the block.
# - **Lanes with other names**: *event loop* shows a block that was not one long step of one task,
#   such as several short steps, one directly after the other. A name that begins with `discord:` or
#   `aiohttp:` is a task of that library. If a library's tasks are short, they share the lane
#   *libraries*.
#
# Now bo thinks it over. No `sleep` this time, just work:

# %%
async def bo():
    await say("Me, please,")
    sum(number * number for number in range(12_000_000))  # milk or lemon?
    await say("with milk !")

# %% [markdown]
# > **Predict.** Who is late with the next word?

# %%
predict("?", about="who-is-late")

# %% experiment="who-is-late"
judge(await watch(conversation))

# %%
predict(about="who-is-late")

# %% [markdown]
# The chart puts the cause above the effect.
#
# - **The hatched bar** is the block. Above it stands how long it was, and on which line of your
#   cell. (A hatched bar in blue is a shorter block, below the limit.)
# - **The pale band** is the same block, drawn through the other lanes: no other task has a bar
#   there.
# - **The lateness** leaps up at its start. What was due then had to wait for all of it; what was
#   due near its end, only for the rest. The dashed line is the **limit**, 100 ms.
#
# `report.responsive(0.1)`, which `judge` calls, is the check that every lab makes. It returns
# quietly when the code held the loop for less than 0.1 s at a stretch. If not, it draws the chart,
# and says where to look.
#
# **Change it.** Let bo think for a million numbers only. From how many on does the check complain,
# on this machine?

# %% [markdown]
# ## 4 · How labs are graded
#
# Each unit but this one has a **lab**: a second notebook, with exercises. An exercise states its
# situation, what the answer must return, and its **limit**: how long the code may hold the loop,
# mostly 100 ms. You write in the answer cell and run the test cell below it. Here is one in small.
# The exercise: `double(points)` asks the bank, which takes 0.3 s, and returns twice the points.
# Four answers:

# %%
async def handed_out(points):
    raise NotImplementedError()


async def hasty(points):
    return points + points // 2


async def sleepy(points):
    time.sleep(0.3)  # ask the bank
    return 2 * points


async def patient(points):
    await asyncio.sleep(0.3)  # ask the bank
    return 2 * points

# %% [markdown]
# and their test:

# %%
async def examine(answer):
    """What a test cell does; ours prints the verdict instead of stopping the notebook."""
    try:
        report = await watch(answer, 21)
        report.returned(42).responsive(0.1)
        print("passed:", report)
    except Exception as verdict:
        print(f"{type(verdict).__name__}: {verdict}")

# %% [markdown]
# > **Predict.** `sleepy` returns 42, and 42 is right. How many of 10 points does it get?

# %%
predict("?", about="right-but-late")

# %% experiment="right-but-late"
await examine(sleepy)

# %%
predict(about="right-but-late")

# %% [markdown]
# The gates of an exercise come together: the right answer **and** a free loop **and**, where there
# are servers, work that really reached them. What the other three hear:

# %%
await examine(handed_out)
await examine(hasty)
await examine(patient)

# %% [markdown]
# So a verdict is one of four:
#
# | verdict | it means |
# |---|---|
# | **not attempted** | the answer is still as it was handed out |
# | **right** | all gates passed |
# | **wrong** | one did not: the message says what we ran, what happened, the limit, and the line |
# | **inconclusive** | the machine was too busy to tell: run it again. It never counts against you |
#
# And this is what is measured:
#
# | what | how |
# |---|---|
# | the value | compared with the right one, type and all; inputs are new in each run |
# | the loop | the longest stretch for which *your code* held it, without what other programs took |
# | the effect | what the server saw: requests, rows, heartbeats, in which order, how many at once |
# | the time | only where it must be, and four times or more from what a good answer needs |

# %% [markdown]
# **Hidden tests.** The grader runs more tests than your notebook shows. They are of the same kind,
# with other inputs: never a new rule.
#
# **Stuck?** Below each exercise is a ladder: a question that leads on, the cell of the lesson to
# look at again, the answer with gaps, and at last our answer beside yours, with `compare`. Climb
# as far as you like: **it costs no points**.
#
# **Check a whole lab** as the grader would, hidden tests included: with the button **Validate**
# above it, or in a terminal (*File, New, Terminal*):
#
# ```
# python3 -m autograder check work/03_gateway/03_gateway.ipynb
# ```
#
# **Validate** says in one line that all tests passed, or it shows each failed test with its points
# and its message. `check` lists every test with its limit, the longest block and its line. Both
# record your points.

# %% [markdown]
# ## 5 · Where your work is kept
#
# This notebook is a copy. It is in the folder `work/`, as are all others you open, and that folder
# is yours: a file that you changed is **never overwritten**, not by a new version of the course
# either. That one is put beside yours, with your answers in it, and the first cell of this page
# says so.
#
# *Reloaded the page while a cell was running?* What it printed meanwhile is lost: run it again.
#
# On your own computer that is all. **On Binder, save**: after ten idle minutes, and after some
# hours in any case, the machine is gone, and `work/` with it. The next Binder begins empty.
#
# *Coming back?* Drag the file you saved last time into the file list on the left. Then write its
# name in place of the question mark, and run the cell. What you have already changed here stays as
# it is.

# %%
from autograder import reset, restore, save

restore("?")

# %% [markdown]
# *Leaving?* Save your notebooks (Ctrl+S). Then this puts all of them, with your predictions and
# your points, into one file. **Download it**: left in `work/`, it vanishes with the rest.

# %%
save()

# %% [markdown]
# *Do you want to start a lab again?* Put the number of its unit between the quotation marks, as in
# `reset("03")`. You get a fresh lab, and the old one is kept.

# %%
reset("?")

# %% [markdown]
# ## 6 · Where am I?
#
# What is next, your points, and how long the rest will take. Unfold the list to see each unit; a
# click on a name opens it. (`python3 -m autograder progress` says the same in a terminal.)

# %%
progress()

# %% [markdown]
# You are through with the course when you have 80 % of the core points, and have audited your own
# bot. In a hurry? Units 02 and 03, and the first two exercises of unit 05: about two hours.

# %% [markdown]
# ## 7 · For another day: are you ready? Four short checks
#
# You may stop here, and go on to the next unit: this part and the next are optional.
#
# The course uses four things that have nothing to do with async. Predict; when you were right, go
# on. When not, each has a repair of five minutes.
#
# ### Closures

# %%
def make_dice():
    count = 0

    def throw():
        nonlocal count
        count += 1
        return count

    return throw

# %% [markdown]
# > **Predict.** ada and bo get dice of their own. ada throws twice, bo once. What is printed?

# %%
predict("?", about="closures")

# %% experiment="closures"
adas, bos = make_dice(), make_dice()
print(adas(), adas(), bos())

# %%
predict(about="closures")

# %% [markdown]
# <details><summary>Repair: closures, in five minutes</summary>
#
# A function that is made inside another one remembers the variables around it, even when the outer
# function has long returned. Each call of `make_dice` makes a new `count` and a new `throw` that
# holds on to it. That pair is called a closure.
#
# `nonlocal count` is needed because `count += 1` assigns. To *read* `count`, nothing is needed.
#
# In your bot: whatever stands between `def my_decorator(function):` and `return wrapper` is a
# closure; so is a button's callback inside a command. The trap: closures remember the *variable*,
# not the value it had. In `for name in names: buttons.append(lambda: name)` all buttons say the
# last name; `lambda name=name: name` keeps each its own.
#
# Try: give `make_dice` a parameter `start`, and let ada begin at 10.
# </details>

# %% [markdown]
# ### Exceptions

# %%
def pay(coins, price):
    try:
        if price > coins:
            raise ValueError("not enough coins")
        return coins - price
    finally:
        print("till closed")

# %% [markdown]
# > **Predict.** ada has 5 coins, and the tea costs 9. What is printed?

# %%
predict("?", about="exceptions")

# %% experiment="exceptions"
try:
    print("left:", pay(5, 9))
except ValueError as error:
    print("sorry:", error)

# %%
predict(about="exceptions")

# %% [markdown]
# <details><summary>Repair: exceptions, in five minutes</summary>
#
# An exception leaves function after function, from the inside out, until some `except` names its
# class or a class it is derived from. On its way out it runs every `finally` that it passes.
# `finally` runs always: after a return, after an error, after a `break`.
#
# So `finally` is the place for what must happen in any case: to close, to release, to put back.
# This course needs it because a *cancelled* task ends in just this way: an exception travels
# through it, and its `finally` blocks clean up.
#
# Beware of a bare `except:`. It catches what was not meant for it, that cancellation too.
#
# Try: let ada have 10 coins. Which lines are printed now?
# </details>

# %% [markdown]
# ### Context managers

# %%
class Typing:
    def __enter__(self):
        print("bot is typing ...")

    def __exit__(self, *error):
        print("bot stops typing")


def answer():
    with Typing():
        return "hello"

# %% [markdown]
# > **Predict.** `print(answer())`: what comes in which order?

# %%
predict("?", about="context-managers")

# %% experiment="context-managers"
print(answer())

# %%
predict(about="context-managers")

# %% [markdown]
# <details><summary>Repair: context managers, in five minutes</summary>
#
# `with thing:` calls `thing.__enter__()` at its start and `thing.__exit__(...)` at its end,
# **however** the block ends: at its last line, by `return`, or by an exception. It is a
# `try`/`finally` that somebody wrote once, for everybody.
#
# You use them all the time: `with open(...) as file`, and with `async` in front `async with
# ctx.typing()` or `async with session.get(url) as page`. The `async` means only that entering and
# leaving may take a while, and are awaited.
#
# Try: raise an error inside the `with`. Does the bot stop typing?
# </details>

# %% [markdown]
# ### yield

# %%
def count():
    print("begin")
    yield 1
    print("between")
    yield 2

# %% [markdown]
# > **Predict.** We make a counter, print "made", and ask it for one number. What is printed?

# %%
predict("?", about="generators")

# %% experiment="generators"
counting = count()
print("made")
print(next(counting))

# %%
predict(about="generators")

# %% [markdown]
# <details><summary>Repair: yield, in five minutes</summary>
#
# A function with `yield` in it is a generator function. To call it runs *nothing*: it makes a
# generator, which stands before the first line. `next(generator)` runs it up to the next `yield`,
# hands out the value, and there the function **pauses**, with all its variables. The next `next`
# goes on behind the `yield`. A `for` loop calls `next` for you.
#
# This is the most important of the four. A coroutine, the thing that `async def` makes, is such a
# function that can pause; a loop is what calls its `next`. Unit 01 builds one from the other.
#
# Try: call `next(counting)` twice more. What happens at the end?
# </details>

# %% [markdown]
# ## 8 · For another day: ten questions, before
#
# Optional too; any day will do before you begin with unit 01.
#
# The last page of the course asks these ten again, and shows you both answers. So answer them now,
# as well as you can, without looking anything up. Nobody is meant to know them yet: that is what
# twelve units are for. Nothing is explained, and nothing is graded.
#
# Run the cell, read, and put ten letters into the string: one for each question, in their order,
# and `?` where you have no idea.

# %%
from autograder import before

before("??????????")

# %% [markdown]
# ## In your bot
#
# **Search for** the line of part 1, in the folder of your bot:
#
# ```
# grep -rn "time\.sleep" --include="*.py" .
# ```
#
# **Before and after**, if it stands in an `async def`:
#
# ```python
# @bot.command()                                @bot.command()
# async def remind(ctx, seconds: int):          async def remind(ctx, seconds: int):
#     time.sleep(seconds)                           await asyncio.sleep(seconds)
#     await ctx.send("time is up")                  await ctx.send("time is up")
# ```
#
# **One change for tonight**: that word. And when there is no `time.sleep` in your bot? Good; then
# what holds your loop has another name. Unit 03 measures twelve of them.

# %% [markdown]
# ## In practice
#
# <details><summary>The fine print, with sources</summary>
#
# - **The gateway** speaks Discord's protocol (API version 10), with a shorter heartbeat: 0.2 s
#   instead of about 41 s. It hangs up with 4009 after two intervals of silence. Unit 03 says where
#   Discord is different.
# - **`watch` does not run on the notebook's loop**: it makes a loop on another thread. So the
#   notebook stays alive while the code it watches is blocked. What you call directly in a cell does
#   hold the notebook's loop. Nothing is killed by that, but nothing else runs either.
# - **The longest block** is the CPU time of the loop's thread between two looks at its sockets,
#   plus the time it slept in between. The time for which it had to wait for a free processor is
#   read from the system (Linux tells it) and left out. Elsewhere the course says *inconclusive*
#   where it cannot know.
# - **nest-asyncio** is no longer maintained, and archived: ipykernel's issue #1381 and pull request
#   #1499, with which ipykernel moved to the fork nest-asyncio2. That *Run All* stops with 1.6.0
#   under ipykernel 7.4 is our own measurement: a test of this course repeats it. With a single cell
#   at a time it works, which is why it is easy to miss.
# - **Binder** ends a session after about ten minutes without activity, and after some hours (six,
#   when this was written) in any case. Source: the user guidelines of mybinder.org.
# </details>

# %% [markdown]
# ## You have seen
#
# - One call that holds the loop silences everything in the bot, its heartbeat first. One `await`
#   that really waits gives it back.
# - A notebook runs inside a loop: here you `await`, and `asyncio.run` waits for you in files.
# - A lab asks for the right answer *and* a free loop, and shows you the line when it is not.
#
# **Next**: the cell with `progress()` names the unit that is open for you. Unit 01 asks what a
# coroutine is; unit 03 goes back to the bot of part 1, and looks at its heart.
