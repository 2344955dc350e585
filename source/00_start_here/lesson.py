# The lesson of unit 00: the first thing anybody sees. It shows and orients; unit 03 explains.
# Every figure in the text is either measured by the cell above it, or cited under "In practice".
# `build` makes notebooks/00_start_here.ipynb of this file.

# %% [markdown]
# # 00 · Kill a bot, and bring it back to life
#
# *What kills my bot? Where am I, and how is my work graded?*
#
# > **Are you on Binder** (a free computer that you use in your browser)? After ten idle minutes
# > Binder deletes **everything**, your answers too. Part 5 has one cell that saves your work, and
# > one that brings it back. (In Google Colab the course cannot run: it needs its own files.)
#
# **You will** run a real Discord bot that has one harmless-looking line in it, see what happens to
# its connection, change that line, and look again.
#
# **You learn**
# - how a notebook runs async code, and what `bot.run()` does there;
# - to read the chart that judges every answer in this course;
# - how labs are graded, where your work is kept, and how to see your progress.
#
# **You need** a year of Python, and a bot of your own or the wish to write one. You need no Discord
# account and no internet: nothing leaves this machine. (Not sure about closures, exceptions, `with`
# or `yield`? [Four short checks](../toolbox/are_you_ready.ipynb) tell you in a few minutes.)
#
# Click on a cell and press **Shift+Enter**: the cell runs, and the next one is selected. Start with
# the cell below, also when you come back: it shows your progress. You see the main idea in the
# first two minutes.

# %%
import asyncio
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
# The bot connects to a **gateway** on your own machine and believes that it is Discord. Every 0.2 s
# the gateway wants a *heartbeat* from the bot. After 0.4 s without one it thinks that the bot is
# dead. (Discord wants one about every 41 s. Ours is stricter, so that you see the effect in
# seconds.)
#
# (The two folded cells below prepare the run. They open with a click. Unit 03 explains them.)

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
# A user called ada writes `!roll 2d6`. (bo and cy, whom you meet later, are users too.) Shaking the
# cup takes 0.9 s.
#
# > **Predict.** What does the gateway do during this time?
#
# The next cell shows the choices. Run it, replace the question mark with your letter, and run it
# again. Predictions are never graded. But make one each time: a wrong guess shows you which idea to
# repair.

# %%
predict("?", about="first-roll")

# %% experiment="first-roll"
gw, report = await evening(roll)
tell(gw)

# %%
predict(about="first-roll")

# %% [markdown]
# ada rolls, and the heartbeats stop. The gateway hangs up. (4009 is its reason, *session timed
# out*. RESUME means that the bot continues its old session.) Nothing crashed, and no error was
# printed. In the log of your own bot you would find *successfully RESUMED*, and a warning only if
# the block was longer than ten seconds (unit 03).
#
# Your commands run on one thread, in a program called the **event loop**, and every heartbeat has
# to be sent by that same loop. `time.sleep` stops this thread, and the loop with it. Here is a
# chart of what was just measured, and below it the grader's verdict:

# %%
def judge(report, gw=None):
    """The chart of a run, and what a grader says of it."""
    try:
        display(report.responsive(0.1, gateway=gw))
    except Exception as verdict:  # the check has shown the chart already
        print(verdict)


judge(report, gw)

# %% [markdown]
# Time runs from left to right.
#
# - A **lane** is one task of the bot. (A task is one job that the loop runs; unit 02 makes some.)
# - A **blue bar** shows when the task held the loop. (A light bar stands for many short moments,
#   too close together to draw one by one.)
# - A **dark red, hatched bar** is a block: the task held the loop for too long.
#
# Now we change one line: `time.sleep` becomes `await asyncio.sleep`.

# %%
async def roll(ctx, dice):
    await asyncio.sleep(0.9)  # shake the cup
    await ctx.send(f"{ctx.author.name} rolls {dice}: 7")

# %% [markdown]
# > **Predict.** What do ada and the gateway notice?

# %%
predict("?", about="second-roll")

# %% experiment="second-roll"
gw, report = await evening(roll)
tell(gw)

# %%
predict(about="second-roll")

# %% [markdown]
# `time.sleep` tells the *thread* to sleep. `asyncio.sleep` tells the *loop*: wake me in 0.9 s, and
# do something else until then. ada waits as long as before, and the bot stays connected.

# %%
judge(report, gw)

# %% [markdown]
# There is no block and no gap between the heartbeats, and the check passes. (`roll` is your
# command. What discord.py does for itself is in the lane `libraries`. Part 3 explains the rest of
# the chart.)
#
# **This is the whole course**: find what holds the loop, and move it somewhere else. `time.sleep`
# is only the easiest thing to find. Web requests, databases, pictures, big lists and libraries hold
# the loop too, and each of them has its own cure.
#
# *Would you rather write code now?* The [lab of unit 01](../01_coroutines/01_coroutines.ipynb)
# begins with a repair of five minutes, and you get your first verdict. You can come back to this
# page later. (If you want the ten questions of part 7, answer them first.)

# %% [markdown]
# ## 2 · How code runs here
#
# The cells above use `await` outside of any function. In a file this is a SyntaxError. Here it
# works, because the notebook has a loop of its own, which is running already:

# %%
asyncio.get_running_loop()

# %%
def tried(call, *details, **settings):
    """Print what a call returned, or which error it raised."""
    try:
        print("returned:", call(*details, **settings))
    except Exception as error:
        print(f"raised {type(error).__name__}: {error}")

# %% [markdown]
# Your cells run *inside* that loop. On your server, the last line of your bot is `bot.run(TOKEN)`.
#
# > **Predict.** What does that line do in a notebook?

# %%
predict("?", about="run-in-cell")

# %% experiment="run-in-cell"
tried(make_bot(roll).run, "my token", log_handler=None)

# %%
predict(about="run-in-cell")

# %% [markdown]
# `bot.run` calls `asyncio.run`, which makes a loop, runs it, and closes it. But **a thread runs one
# loop at a time**, and on this thread one is running already. So in a notebook you await. (The
# warning is about `runner`, an `async def` inside `bot.run`. Its call made a *coroutine*, which unit
# 01 explains. Because of the error it was never run. You may also have read of *nest-asyncio*. It is
# no cure; see *In practice*.)
#
# | in a file | in a notebook |
# |---|---|
# | `asyncio.run(main())` | `await main()` |
# | `bot.run(TOKEN)` | `await bot.start(TOKEN)` |

# %% [markdown]
# ## 3 · Read the chart
#
# `watch` runs a coroutine function (an `async def`) on a **fresh loop that is watched**, on a thread
# of its own, and returns a report. Three people talk, each in a task: a word, a pause of 50 ms, the
# next word. (`gather` starts the three tasks and waits for all of them.)

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
# - **Above**: one lane per task. A bar shows when that task *held the loop*. Where there is no bar,
#   the task waited, and then the loop is free for the others. Here the bars are only thin lines. A
#   healthy bot looks like this.
# - **Below**: the lateness. Every 10 ms the loop should do one tiny thing. The height shows how
#   late that was. Flat is good.
# - **The machine**, if you see this lane: how long other programs used the processor. The course
#   measures this, and it never counts against you. Within a block the course knows only how much time
#   they took, not at which moments, so it draws this time as one piece after the block.
# - **Lanes with other names**: *event loop* shows a block that belongs to no single task. Several
#   tasks made it, one directly after the other, or a *callback* did, a plain function that the loop
#   calls. A name that begins with `discord:` or `aiohttp:` is a task of that library. The short tasks
#   of all libraries share the lane *libraries*.
#
# Now bo has to think. There is no `sleep` this time, only work:

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
report = await watch(conversation)
judge(report)
if report.noise > 0.05:
    print(f"Other programs took {report.noise:.2f} s of this run. The chart draws it after the block.")

# %%
predict(about="who-is-late")

# %% [markdown]
# The chart shows the cause above and the effect below.
#
# - **The hatched bar** is the block, as long as your code held the loop. The label says how long
#   that was, and at which line of your cell. (A blue hatched bar is a shorter block, below the
#   limit.)
# - **The pale band** is the same block, drawn through the other lanes.
# - **The lateness** is highest at the start of the block. What was due then had to wait for the
#   whole block. What was due near its end waited only for the rest. The dashed line is the
#   **limit**, 100 ms.
#
# `judge` calls `report.responsive(0.1)`. Every lab makes this check. It passes when the code held
# the loop for less than 0.1 s at a time. If not, it draws the chart, and its message says where to
# look.
#
# **Change it.** Let bo think about a million numbers only. How many numbers does this machine need
# until the check fails?

# %% [markdown]
# ## 4 · How labs are graded
#
# Each unit but this one has a **lab**: a second notebook, with exercises. An exercise describes a
# situation, what the answer must return, and a **limit**: for how long the code may hold the loop
# at a time, mostly 100 ms. You write into the answer cell and run the test cell below it. Here is a
# small exercise: write `double(coins)`. It asks the bank, which takes 0.3 s, and returns twice the
# coins. These are four answers:

# %%
async def handed_out(coins):
    raise NotImplementedError()


async def hasty(coins):
    return coins + coins // 2


async def sleepy(coins):
    time.sleep(0.3)  # ask the bank
    return 2 * coins


async def patient(coins):
    await asyncio.sleep(0.3)  # ask the bank
    return 2 * coins

# %% [markdown]
# This is their test:

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
# > **Predict.** `sleepy` returns 42, which is correct. How many of 10 points does it get?

# %%
predict("?", about="ten-points")

# %% experiment="ten-points"
await examine(sleepy)

# %%
predict(about="ten-points")

# %% [markdown]
# An answer passes only if all of this is true: the result is right, the loop was free, and (where
# there are servers) the requests really reached them. Here are the messages for the other three
# answers:

# %%
await examine(handed_out)
await examine(hasty)
await examine(patient)

# %% [markdown]
# There are four verdicts:
#
# | verdict | meaning |
# |---|---|
# | **not attempted** (NotAttempted) | the cell still raises NotImplementedError |
# | **passed** | the answer does everything that the exercise asks |
# | **failed** (LoopBlocked, WrongValue, CallFailed or TooSlow) | it does not; the message says what happened, the limit, and the line |
# | **inconclusive** | other programs kept the machine too busy to measure; run it again, it never counts against you |
#
# And this is what the tests measure:
#
# | what | how |
# |---|---|
# | the result | compared with the right one, and its type too; in the hidden tests the inputs are new in each run |
# | the loop | the longest time for which *your code* held it, without what other programs took |
# | the effect | what the server saw: requests, rows, heartbeats, their order, and how many at the same time |
# | the time | only in some exercises; the bound is at least four times what a good answer needs |

# %% [markdown]
# **Hidden tests.** The grader runs more tests than your notebook shows. They are of the same kind,
# with other inputs. They never have a new rule.
#
# **Stuck?** Below each exercise there are hints: a question, the place in the lesson, what goes
# into the gaps, and at last our answer next to yours, with `compare`. **They cost no points.**
#
# **Check a whole lab** as the grader does, hidden tests included. Click the button **Validate**
# above it, or use a terminal (*File, New, Terminal*):
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
# This notebook is your own copy, and it is in the folder `work/`. So are the notebooks of the other
# units. A copy that you changed is **never overwritten**, not even by a new version of the course.
# The new version is saved next to yours, with your answers in it, and the first cell of this page
# tells you about it.
#
# *Did you reload the page while a cell was running?* What the cell printed in that time is lost.
# Run it again.
#
# On your own computer there is nothing more to do. **On Binder, save your work**: after ten idle
# minutes, and after some hours in any case, the machine is deleted, and `work/` with it. The next
# Binder starts empty.
#
# *Are you coming back?* Drag the file that you saved last time into the file list on the left. Then
# replace the question mark with its name, and run the cell. Notebooks that you have already changed
# here stay as they are.

# %%
from autograder import reset, restore, save

restore("?")

# %% [markdown]
# *Are you leaving?* Save your notebooks (Ctrl+S). The next cell puts all of them, with your
# predictions and your points, into one file. **Download this file.** If you leave it in `work/`, it
# is deleted with the rest.

# %%
save()

# %% [markdown]
# *Do you want to start a lab again?* Put the number of its unit between the quotation marks, as in
# `reset("03")`. You get a fresh lab, and your old one is kept.

# %%
reset("?")

# %% [markdown]
# ## 6 · Where am I?
#
# The next cell shows what comes next, your points, and how long the rest will take. Unfold the list
# to see each unit, and click on a name to open it. (`python3 -m autograder progress` says the same
# in a terminal.)

# %%
progress()

# %% [markdown]
# To finish the course you need two things: 80 % of the *core points* (the points of all exercises
# that are not optional), and an *audit*, a check of your own bot, in unit 12. If you have time for
# only a part of the course, do units 02 and 03, and the first two exercises of unit 05.

# %% [markdown]
# ## 7 · Optional: ten questions before the course
#
# Do this part before you begin with unit 01, today or on another day, or leave it out.
#
# Unit 12 asks these ten questions again, and then shows you both answers. Answer them now as well
# as you can, without looking anything up. You are not expected to know them yet. Nothing is
# explained and nothing is graded.
#
# Run the cell and read the questions. Then put ten letters into the string, one for each question
# in their order, and `?` where you have no idea.

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
# **Before and after**, if it is in an `async def`:
#
# ```python
# @bot.command()                                @bot.command()
# async def remind(ctx, seconds: int):          async def remind(ctx, seconds: int):
#     time.sleep(seconds)                           await asyncio.sleep(seconds)
#     await ctx.send("time is up")                  await ctx.send("time is up")
# ```
#
# **One change for tonight**: that line. Is there no `time.sleep` in your bot? Then something else
# may hold your loop: unit 03 measures twelve calls and shows which are too long.

# %% [markdown]
# ## In practice
#
# <details><summary>The fine print, with sources</summary>
#
# - **The gateway** speaks Discord's protocol (API version 10), with a shorter heartbeat: 0.2 s
#   instead of about 41 s. It closes the connection with 4009 after two intervals without a
#   heartbeat. Unit 03 says where Discord is different.
# - **`watch` does not run on the notebook's loop.** It makes a loop on another thread, so the
#   notebook stays alive while the code that it watches is blocked. What you call directly in a cell
#   does hold the notebook's loop. That does no damage, but nothing else runs during this time.
# - **The longest block** is the CPU time of the loop's thread between two moments at which the loop
#   asks the operating system for news (unit 01), plus the time that it slept in between. The time
#   for which it had to wait for a free processor is left out; Linux tells how long that was. On a
#   system that does not report this, an unclear measurement is called *inconclusive*.
# - **nest-asyncio** is what you find when you search for the RuntimeError of part 2. It lets a loop
#   run *inside* a running one, but the inner runs can end only in reverse order: a run of 0.1 s
#   waits for a run of 0.6 s that another task began later. The project is archived, and its last
#   version, 1.6.0, stops *Run All* in the middle under ipykernel 7.4.
# - **nest-asyncio in figures.** With the patch, a task costs 1.4 to 1.6 times as much CPU time, and
#   1.8 times since Python 3.14. (Our own measurements, which tests of this course repeat. See also
#   ipykernel's issue #1381 and pull request #1499, in which ipykernel moved to the fork
#   nest-asyncio2.) The fork is kept up to date: a task costs 1.1 to 1.2 times as much on Python
#   3.14 and 3.15, and 1.7 to 1.8 times on Python 3.11 to 3.13. An inner run waits in the same way,
#   on each Python from 3.11 to 3.15. (Version 1.7.4, measured once, in November 2026.)
# - **Binder** ends a session after about ten minutes without activity, and after some hours (six,
#   when this was written) in any case. Source: the user guidelines of mybinder.org.
# </details>

# %% [markdown]
# ## You have seen
#
# - One call that holds the loop stops everything in the bot, and first of all its heartbeat. An
#   `await` that really waits leaves the loop free.
# - A notebook runs inside a loop: here you `await`. In a file you use `asyncio.run`.
# - A lab asks for the right result *and* a free loop, and it names the line that held the loop.
#
# **Next**: the cell with `progress()` says which unit comes next for you. Unit 01 asks what a
# coroutine is. Unit 03 goes back to the bot of part 1 and explains its heartbeat.
