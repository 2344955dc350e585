# The lab of unit 01. No server: what the answers use is kept by the tests (autograder/outside.py),
# one message a use; what the answers' own process says is believed only where it must be.
# Timers: a nap on the spot makes another one late by 0.45 s or more, 4.5 times the limit. The CPU's
# share is CPU / (CPU + sleep), without what the thread waited for a processor: 100 % was measured
# for polling, however busy the machine; the limit is 30 %.

# %% [markdown]
# # Lab 01 · A loop of your own
#
# There are three exercises (50 points) and an optional one (20 points). Run the cells in order, from the
# top.
#
# Write your program into each **answer cell**, in place of `raise NotImplementedError()`, then run
# the **test cell** below it. A test runs your code for real and records what happened. It does not
# look at your source, so *every* program passes that does the work. A hidden test does the same
# with other inputs.
#
# If a test fails, its message says what happened and where. Stuck? Each exercise has hints below
# it. They cost no points. The folded cells have what the tests need; unfold them if you are
# curious.

# %% setup="tools" jupyter={"source_hidden": true}
import asyncio
import heapq
import random
import time
import types
import warnings
from collections import deque

from autograder import watch
from autograder.testing import Inconclusive, ThreadClock, WrongValue, kept, reached, right


def nothing_lost(report, room, command, said, *, inside=(), faces=()):
    """Raise WrongValue unless exactly this had happened when the command returned."""
    lost = report.responsive(0.1).value
    heard, let_in, left = room.then
    if lost:
        raise WrongValue(
            f"Python warns: {lost[0]}. `{command}` made this coroutine and never awaited it. Add "
            "`await`."
        )
    seen = [("people had read", heard, list(said)), ("these were inside:", let_in, list(inside))]
    seen += [("the faces that were not thrown yet were", left, list(faces))]
    for what, found, wanted in seen:
        if found != wanted:
            raise WrongValue(
                f"When `{command}` returned, {what} {found}; expected {wanted}. Await each step "
                "before the next one."
            )


# %% [markdown]
# ---
# ## 1 · Lost words
#
# Here is a small bot without Discord. In its room it can say a line, throw a die, look up who is
# banned, and open the door. Each of these takes a moment, so each of them is an `async def`.

# %% setup="room"
class Room:
    """#general and its door, without Discord.

    `outside` is the test's connection: it records every call. You need not understand it.
    """

    def __init__(self, outside):
        self.outside = outside

    async def send(self, line):
        await self.outside.ask("send", line)

    async def throw(self):
        return await self.outside.ask("throw")

    async def is_banned(self, name):
        return await self.outside.ask("is_banned", name)

    async def open(self, name):
        await self.outside.ask("open", name)

# %% setup="unawaited_evening" jupyter={"source_hidden": true}
class KeptRoom:
    """What a room really holds: faces that the die will show, who is banned, and what happened."""

    def __init__(self, faces=(), banned=()):
        self.faces, self.banned = list(faces), set(banned)
        self.said, self.inside = [], []
        self.then = [], [], self.faces  # when the command returned

    async def send(self, line):
        await asyncio.sleep(0.005)
        self.said.append(line)

    async def throw(self):
        await asyncio.sleep(0.005)
        return self.faces.pop(0)

    async def is_banned(self, name):
        await asyncio.sleep(0.005)
        return name in self.banned

    async def open(self, name):
        await asyncio.sleep(0.005)
        self.inside.append(name)

    def returned(self):
        self.then = list(self.said), list(self.inside), list(self.faces)


async def evening(address, command, *details):
    """Call a command in the room at this address; return what Python warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        async with reached(address) as outside:
            await globals()[command](Room(outside), *details)
            await outside.ask("returned")
    warned = [str(one.message) for one in caught]
    return [text for text in warned if "never awaited" in text]

# %% [markdown]
# **Worked example.** `!ping`, before and after:
#
# ```python
# async def ping(room):                  # before
#     room.send("pong")
#
# async def ping(room):                  # after
#     await room.send("pong")
# ```

# %% [markdown] exercise="unawaited" limit=0.1
# **Your turn.** In each of three commands an `await` is missing, or two. You see the current version
# of each. Write it so that **nothing is lost and Python warns of nothing**: when the command
# returns, each of its steps has happened, in their order. (Limit, as always: hold the loop for less
# than 100 ms at a time. That is easy here.)
#
# **Welcome** greets the guests, one line each, and then says that the dice are out.
#
# ```python
# async def welcome(room, guests):          # current version
#     for guest in guests:
#         room.send(f"hello, {guest}")
#     await room.send("the dice are on the table")
# ```

# %% answer="unawaited_welcome"
async def welcome(room, guests):
    """Say `hello, ada` to each guest in order, and last `the dice are on the table`."""
    ### BEGIN SOLUTION
    for guest in guests:
        await room.send(f"hello, {guest}")
    await room.send("the dice are on the table")
    ### END SOLUTION

# %% test="unawaited_welcome_check" points=5
async with kept(room := KeptRoom()) as address:
    report = await watch(evening, address, "welcome", ["ada", "bo"])
nothing_lost(report, room, "welcome", ["hello, ada", "hello, bo", "the dice are on the table"])
### BEGIN HIDDEN TESTS
guests = random.sample(["ada", "bo", "cy", "dee", "eve", "flo"], random.choice([3, 4]))
async with kept(room := KeptRoom()) as address:
    report = await watch(evening, address, "welcome", guests)
said = [*(f"hello, {guest}" for guest in guests), "the dice are on the table"]
nothing_lost(report, room, "welcome", said)
### END HIDDEN TESTS
right(report, 5)

# %% [markdown]
# **Roll** throws the die once and says what it shows. With the current version people read
# `ada rolls <coroutine object Room.throw at 0x...>`.
#
# ```python
# async def roll(room, name):          # current version
#     face = room.throw()
#     await room.send(f"{name} rolls {face}")
# ```

# %% answer="unawaited_roll"
async def roll(room, name):
    """Throw the die once and say `ada rolls 6`."""
    ### BEGIN SOLUTION
    face = await room.throw()
    await room.send(f"{name} rolls {face}")
    ### END SOLUTION

# %% test="unawaited_roll_check" points=5
faces = random.sample(range(1, 7), 2)
async with kept(room := KeptRoom(faces)) as address:
    report = await watch(evening, address, "roll", "ada")
nothing_lost(report, room, "roll", [f"ada rolls {faces[0]}"], faces=faces[1:])
### BEGIN HIDDEN TESTS
name, faces = random.choice(["bo", "cy", "dee"]), random.sample(range(1, 21), 3)
async with kept(room := KeptRoom(faces)) as address:
    report = await watch(evening, address, "roll", name)
nothing_lost(report, room, "roll", [f"{name} rolls {faces[0]}"], faces=faces[1:])
### END HIDDEN TESTS
right(report, 5)

# %% [markdown]
# **Admit** opens the door, or does not. With the current version no one comes in.
#
# ```python
# async def admit(room, name):          # current version
#     if room.is_banned(name):
#         await room.send(f"{name} stays outside")
#     else:
#         room.open(name)
#         await room.send(f"come in, {name}")
# ```

# %% answer="unawaited_admit"
async def admit(room, name):
    """If cy is banned, say `cy stays outside`; if not, open, then say `come in, cy`."""
    ### BEGIN SOLUTION
    if await room.is_banned(name):
        await room.send(f"{name} stays outside")
    else:
        await room.open(name)
        await room.send(f"come in, {name}")
    ### END SOLUTION

# %% test="unawaited_admit_check" points=5
async with kept(room := KeptRoom(banned=["cy"])) as address:
    report = await watch(evening, address, "admit", "cy")
nothing_lost(report, room, "admit", ["cy stays outside"])
async with kept(room := KeptRoom(banned=["cy"])) as address:
    report = await watch(evening, address, "admit", "ada")
nothing_lost(report, room, "admit", ["come in, ada"], inside=["ada"])
### BEGIN HIDDEN TESTS
names = random.sample(["ada", "bo", "cy", "dee", "eve", "flo"], 4)
async with kept(room := KeptRoom(banned=names[:2])) as address:
    report = await watch(evening, address, "admit", names[1])
nothing_lost(report, room, "admit", [f"{names[1]} stays outside"])
async with kept(room := KeptRoom(banned=names[:2])) as address:
    report = await watch(evening, address, "admit", names[3])
nothing_lost(report, room, "admit", [f"come in, {names[3]}"], inside=[names[3]])
### END HIDDEN TESTS
right(report, 5)

# %% [markdown] hints="unawaited"
# <details><summary>Hint 1: a question</summary>
#
# Which calls in these lines are calls of an `async def`? Which of these have no `await`?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 1: `roll` lost a line, and `knock` let no one in.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# `welcome`: one word, in the loop. `roll`: one word, before the throw. `admit`: two, one of them in
# the condition: `if await ...:`.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("unawaited")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Only on paper: `welcome` throws the die for each guest as well, and says `hello, ada, you begin
# with 6`. How many `await`s does this line have?
# </details>

# %% [markdown]
# ---
# ## 2 · One step
#
# From here on you are the loop. You need no asyncio, only plain functions and `send`. This is the
# pause of the lesson:

# %% setup="pause"
@types.coroutine
def pause(note=None):
    """Stop here, and give `note` to the driver; return what is sent in."""
    answer = yield note
    return answer

# %% [markdown]
# **Worked example.** A coroutine, driven by hand:

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

# %% [markdown] exercise="step" limit=0.1
# **Your turn.** After a `send` the coroutine has paused, or it is done. Write `step`, which drives a
# coroutine **once** and says which of the two happened:
#
# ```python
# question = ask("bo")
# step(question)           # ("paused", "bo, tea or coffee?")
# step(question, "tea")    # ("done", "bo takes tea")
# ```
#
# A coroutine can pause with any value and return any value, also None, 0 and False. If it raises an
# exception, `step` raises the same exception. (`step` is a plain function. Limit: the calls of a
# test may take less than 100 ms together, because the test itself runs on asyncio's loop and they
# hold it. One `send` takes microseconds.)

# %% answer="step"
def step(coroutine, value=None):
    """Send `value` once; return ("paused", what it paused with) or ("done", its result)."""
    try:
        ### BEGIN SOLUTION
        note = coroutine.send(value)
        ### END SOLUTION
    except StopIteration as end:
        ### BEGIN SOLUTION
        return "done", end.value
        ### END SOLUTION
    return "paused", note

# %% setup="step_check" jupyter={"source_hidden": true}
async def play(notes, result, heard):
    """Pause with each note, put what is sent into `heard`, and return the result; or raise it."""
    for note in notes:
        heard.append(await pause(note))
    if result == "trouble":
        raise LookupError("no such die")
    return result


def as_seen(answer):
    """What `step` returned, as plain data."""
    simple = (bool, int, str, type(None))
    if type(answer) is tuple:
        return tuple(one if type(one) in simple else repr(one) for one in answer)
    return answer if type(answer) in simple else repr(answer)


async def stepped(notes, result, sent):
    """Step a coroutine until `step` says that it is done, at most as often as it should take."""
    heard, seen = [], []
    coroutine = play(notes, result, heard)
    for value in [None, *sent]:
        try:
            seen.append(as_seen(step(coroutine, value)))
        except (NotImplementedError, NameError):  # there is no `step`, or it has a typing error
            raise
        except Exception as error:
            seen.append((f"raised {type(error).__name__}", str(error)))
    coroutine.close()
    return seen, heard

# %% setup="step_judge" jupyter={"source_hidden": true}
def judge_steps(report, notes, result, sent):
    """Raise WrongValue at the first step that was not right."""
    seen, heard = report.responsive(0.1).value
    last = ("raised LookupError", "no such die") if result == "trouble" else ("done", result)
    wanted = [*(("paused", note) for note in notes), last]
    for number, (found, right_one) in enumerate(zip(seen, wanted, strict=True), 1):
        if (type(found), found, repr(found)) != (tuple, right_one, repr(right_one)):
            why = ""
            if right_one[0] == "paused" and type(found) is tuple and found[0] == "done":
                why = " `step` went too far: one step is one `send`."
            elif "StopIteration" in repr(found):
                why = " The result is in the exception: its `value`."
            elif right_one == last and result == "trouble":
                why = " The coroutine raised LookupError: catch StopIteration and nothing else."
            elif str(found).startswith("<coroutine object step"):
                why = " `step` must be a plain `def`: a call of an `async def` runs nothing."
            elif "is not an iterator" in repr(found):
                why = " `next` drives generators. Drive a coroutine with its method `send`."
            elif type(found) is tuple and "raised" in str(found[0]):
                why = " Catch StopIteration, and send to the coroutine that you were given."
            raise WrongValue(f"Step {number}: `step` said {found}; expected {right_one}.{why}")
    if heard != list(sent):
        raise WrongValue(
            f"The test gave `step` these values to send: {list(sent)}. The coroutine received "
            f"{heard}."
        )

# %% test="step_visible" points=7
plays = [
    (["the cup is in the air"], 7, ["go on"]),
    ([0, None, "tea or coffee?"], None, [None, 3, "tea"]),
    (["the die is gone"], "trouble", [True]),
]
for notes, result, sent in plays:
    report = await watch(stepped, notes, result, sent)
    judge_steps(report, notes, result, sent)
print(f"Right: 7 of 7 points. {report}")

# %% [markdown]
# The hidden test has other coroutines.

# %% test="step_hidden" points=8
print("The hidden test runs when you check the lab.")
### BEGIN HIDDEN TESTS
words = ["tea", "coffee", "dice", "dragon", 0, 1, False, None]
plays = [([], random.choice([False, 0, random.randint(2, 99)]), [])]
for result in (random.randint(100, 999), "trouble"):
    count = random.randint(2, 5)
    plays.append((random.sample(words, count), result, random.sample(words, count)))
for notes, result, sent in plays:
    report = await watch(stepped, notes, result, sent)
    judge_steps(report, notes, result, sent)
### END HIDDEN TESTS

# %% [markdown] hints="step"
# <details><summary>Hint 1: a question</summary>
#
# How does a coroutine tell its driver that it has ended, and where is its result?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 2, the second `send`, and the table below it.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# In the first gap: `note = ...`, with the one call that drives. In the second: return a pair, the
# word and `end.value`. You need not catch anything else.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("step")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Call your `step` with `asyncio.sleep(0.1)`. What did it pause with? Step it again immediately: what
# does asyncio say to a loop that does not wait? (Its message speaks of `await`. It means: you went on
# before the future was done.)
# </details>

# %% [markdown] exercise="round_robin" limit=0.1
# ---
# ## 3 · All of them, in turn
#
# The loop of the lesson only printed its results. Yours returns them. Write `run_all`: it gets a
# list of coroutines and drives them **in turn**, each to its next pause. It begins in the order of
# the list, and goes on until all are done.
#
# - It returns **their results, in the order of the list**, whichever was done first.
# - When one of them raises an exception, **`run_all` raises it immediately**, and the others run no
#   further.
# - Send None each time. What they pause with does not matter here.
#
# The first lines and the last one are given; the loop goes between them. (Again a plain function.
# Limit: the call may take less than 100 ms, because it holds asyncio's loop, on which the test runs.
# The turns are short, so that is easy here.)

# %% answer="round_robin"
def run_all(coroutines):
    """Drive the coroutines in turn until all are done; return their results in order."""
    results = [None] * len(coroutines)
    ready = deque(enumerate(coroutines))  # pairs: number, coroutine
    ### BEGIN SOLUTION
    while ready:
        number, coroutine = ready.popleft()
        try:
            coroutine.send(None)
        except StopIteration as end:
            results[number] = end.value
        else:
            ready.append((number, coroutine))
    ### END SOLUTION
    return results

# %% setup="round_robin_check" jupyter={"source_hidden": true}
class Diary:
    """Who took which turn, in the order in which it was told."""

    def __init__(self):
        self.turns = []

    def turn(self, line):
        self.turns.append(line)


async def person(name, turns, result, outside):
    """Take this many turns, with pauses between them, then return or raise the result."""
    for turn in range(1, turns + 1):
        outside.tell("turn", f"{name} {turn}")
        if turn < turns:
            await pause(f"{name} takes a breath")
    if result == "trouble":
        raise LookupError(f"{name} lost the dice")
    return result


async def gathering(address, people):
    """Give these people (name, turns, result) to `run_all`; return how it ended."""
    async with reached(address) as outside:
        coroutines = [person(*one, outside) for one in people]
        try:
            results = run_all(coroutines)
            if isinstance(results, (list, tuple)):
                results = [as_seen(one) for one in results]
            else:
                results = f"a {type(results).__name__}"
            outcome = ("returned", results)
        except NotImplementedError:
            raise
        except Exception as error:
            outcome = ("raised", type(error).__name__, str(error))
        for coroutine in coroutines:
            coroutine.close()
    return outcome

# %% setup="round_robin_judge" jupyter={"source_hidden": true}
def planned(people):
    """How it should end, and the diary of fair rounds."""
    diary = []
    for turn in range(1, 1 + max((turns for _, turns, _ in people), default=0)):
        for name, turns, result in people:
            if turn <= turns:
                diary.append(f"{name} {turn}")
            if turn == turns and result == "trouble":
                return ("raised", "LookupError", f"{name} lost the dice"), diary
    return ("returned", [result for _, _, result in people]), diary


def judge_turns(report, people, diary):
    """Raise WrongValue unless the turns were fair, and results and exceptions came out."""
    outcome, told = report.responsive(0.1).value, diary.turns
    ending, turns = planned(people)
    how = f"`run_all` {outcome[0]} {' '.join(map(str, outcome[1:]))}"
    if ending[0] == "raised" and outcome != ending:
        said = "expected the exception that a coroutine raised"
        raise WrongValue(f"{how}; {said}: {ending[1]}, {ending[2]!r}.")
    if ending[0] == "returned" and outcome[0] == "raised":
        raise WrongValue(f"{how}, but no coroutine had raised anything.")
    if ending[0] == "returned" and type(outcome[1]) is str:
        raise WrongValue(f"{how}; it must be a plain `def` that returns a list.")
    if told != turns:
        said = f"The turns were {', '.join(told) or 'none'}; expected {', '.join(turns)}."
        raise WrongValue(f"{said} Send once to a coroutine, then take the next one in the queue.")
    if ending[0] == "returned" and list(outcome[1]) != ending[1]:
        said = "in the order of the list, whichever was done first"
        raise WrongValue(f"{how}; expected {ending[1]}, {said}.")

# %% test="round_robin_visible" points=9
gatherings = [
    [("ada", 4, 40), ("bo", 2, 20), ("cy", 3, 30)],
    [("ada", 3, "tea"), ("bo", 2, "trouble"), ("cy", 2, "coffee")],
    [],
]
for people in gatherings:
    async with kept(diary := Diary()) as address:
        report = await watch(gathering, address, people, timeout=3)
    judge_turns(report, people, diary)
print(f"Right: 9 of 9 points. {report}")

# %% [markdown]
# The hidden test has other people.

# %% test="round_robin_hidden" points=11
print("The hidden test runs when you check the lab.")
### BEGIN HIDDEN TESTS
turns = random.sample(range(1, 8), 5)
people = [(f"guest{n}", turns[n], random.randint(1, 999)) for n in range(5)]
loser = random.randrange(1, 5)
gatherings = [
    people,
    [one if n != loser else (one[0], 2, "trouble") for n, one in enumerate(people)],
]
gatherings.append([("ada", 1, None), ("bo", 1, 0)])
for people in gatherings:
    async with kept(diary := Diary()) as address:
        report = await watch(gathering, address, people, timeout=3)
    judge_turns(report, people, diary)
### END HIDDEN TESTS

# %% [markdown] hints="round_robin"
# <details><summary>Hint 1: a question</summary>
#
# After a `send`, one of three things has happened: a pause, an end, an exception. Where does the
# coroutine go in each case: back into the queue, or out of it?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 4, `Loop.turn` and `Loop.run`: only the results are missing there.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# ```python
# while ready:
#     number, coroutine = ready.popleft()
#     try:
#         ...
#     except StopIteration as end:
#         results[...] = ...
#     else:
#         ready....
# ```
#
# Other exceptions need no line: `run_all` raises what it does not catch.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("round_robin")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Let a coroutine pause with a number, its *priority*: a coroutine that pauses with 0 runs next,
# before all others. What happens to the others, if ada always pauses with 0?
# </details>

# %% [markdown]
# ---
# ## 4 · For the curious: a clock for the loop
#
# The loop of the lesson could not sleep. This pause gives the loop a number of seconds: *do not
# continue me earlier than that*.

# %% setup="nap"
@types.coroutine
def nap(seconds):
    """Stop here, and ask the driver to go on when this many seconds have passed."""
    yield seconds

# %% [markdown] exercise="timers" limit=0.1 stretch=true
# **Your turn. Start from an empty cell.** Write `run_timers`: it drives a list of coroutines until
# all are done, and returns their results in the order of the list. Each `send` returns a number of
# seconds. Do not drive the coroutine again before they have passed.
#
# - The naps **overlap**: while ada sleeps, bo can sleep too. Wake no one too early, and everyone
#   less than **100 ms late**.
# - While no one is due, the loop **sleeps**: the CPU works for less than 30 % of the time. Looking
#   at the clock again and again does not count as sleeping.
#
# You may block here: you *are* the loop, and a loop sleeps when no coroutine is ready.

# %% answer="timers"
def run_timers(coroutines):
    """Drive coroutines that pause with seconds to sleep; return their results in order."""
    ### BEGIN SOLUTION
    results = [None] * len(coroutines)
    naps = [(0, number) for number in range(len(coroutines))]  # a heap: the earliest is first
    while naps:
        due, number = heapq.heappop(naps)
        time.sleep(max(0, due - time.monotonic()))
        try:
            seconds = coroutines[number].send(None)
        except StopIteration as end:
            results[number] = end.value
        else:
            heapq.heappush(naps, (time.monotonic() + seconds, number))
    return results
    ### END SOLUTION

# %% setup="timers_check" jupyter={"source_hidden": true}
class Night:
    """The naps that came to their end, as the sleepers told: (name, seconds, took, waited, `at`).

    `waited` is how much of a nap other programs took, `at` when it was told, by the test's clock.
    """

    def __init__(self):
        self.naps, self.began = [], time.monotonic()

    def woken(self, name, seconds, took, waited):
        self.naps.append((name, seconds, took, waited, time.monotonic() - self.began))


async def sleeper(person, outside, clock, began):
    """Take the naps of a person, and tell of each how long it took, and how much of that other
    programs took (the first from `began`, a reading of `clock`); return the person's result."""
    name, naps, result = person
    for seconds in naps:
        await nap(seconds)
        woken = clock.read()
        took, waited = (woken.wall - began.wall) / 1e9, (woken.wait - began.wait) / 1e9
        outside.tell("woken", name, seconds, took, waited)
        began = woken
    return result


async def night(address, people):
    """Give people (name, naps, result) to `run_timers`; return results, CPU and sleep."""
    async with reached(address) as outside:
        clock = ThreadClock()
        before = clock.read()  # all of them want to go to bed now
        coroutines = [sleeper(person, outside, clock, before) for person in people]
        try:
            results = run_timers(coroutines)
        finally:
            after = clock.read()
            clock.close()
            for coroutine in coroutines:
                coroutine.close()
    cpu = (after.cpu - before.cpu) / 1e9
    asleep = (after.wall - before.wall - (after.wait - before.wait)) / 1e9 - cpu
    return results, cpu, max(0.0, asleep)

# %% setup="timers_judge" jupyter={"source_hidden": true}
def slept_well(report, people, told):
    """Raise WrongValue unless each nap had its length, the loop slept, and the results are right."""
    results, cpu, asleep = report.value
    log, naps = told.naps, sorted((name, nap) for name, wanted, _ in people for nap in wanted)
    if sorted((name, seconds) for name, seconds, *_ in log) != naps:
        raise WrongValue(f"Of {len(naps)} naps, {len(log)} were slept to the end.")
    name, seconds, took, *_ = min(log, key=lambda one: one[2] - one[1])
    if took < seconds - 0.005:
        raise WrongValue(
            f"{name} wanted to nap for {seconds:.2f} s and was woken after {took:.2f}."
        )
    for name, wanted, _ in people:
        if wanted and (over := max(one[4] for one in log if one[0] == name)) < sum(wanted) - 0.005:
            said = f"{name} wanted to nap for {sum(wanted):.2f} s in all"
            raise WrongValue(f"{said}, but the naps were over after {over:.2f} s.")
    name, seconds, took, waited, _ = max(log, key=lambda one: one[2] - one[1] - one[3])
    if (late := took - seconds) - waited >= 0.1 and not report.record.blind:
        said = f"{name} wanted to nap for {seconds:.2f} s and was woken after {took:.2f}"
        raise WrongValue(f"{said}: {late * 1000:.0f} ms late (limit 100 ms). Naps must overlap.")
    if max(took - seconds for _, seconds, took, *_ in log) >= 0.1:
        raise Inconclusive("This machine was too busy to wake people in time: run it again.")
    if cpu >= 0.3 * (cpu + asleep):
        share = cpu / (cpu + asleep)
        said = f"The CPU worked for {share:.0%} of the time (limit 30 %), although everyone slept"
        raise WrongValue(f"{said}. Find out when the next person is due, and sleep until then.")
    if results != [result for _, _, result in people]:
        wanted = [result for _, _, result in people]
        raise WrongValue(
            f"`run_timers` returned {results}; expected {wanted}, in the order of the list."
        )

# %% test="timers_visible" points=9
people = [("ada", [0.2, 0.1], "tea"), ("bo", [0.25], "coffee"), ("cy", [0.25], "dice")]
async with kept(told := Night()) as address:
    report = await watch(night, address, people, timeout=5)
slept_well(report, people, told)
print(f"Right: 9 of 9 points. It took {report.seconds:.2f} s.")

# %% [markdown]
# The hidden test is another night, with more people.

# %% test="timers_hidden" points=11
print("The hidden test runs when you check the lab.")
### BEGIN HIDDEN TESTS
same = random.randint(200, 250) / 1000
people = [(f"guest{n}", [random.randint(200, 250) / 1000], random.randint(1, 99)) for n in range(2)]
people += [("ada", [same], 1), ("bo", [same], 2), ("cy", [same], None), ("eve", [], 0)]
people.append(("dee", [random.randint(150, 200) / 1000, 0.05, 0.05], "tea"))
random.shuffle(people)
async with kept(told := Night()) as address:
    report = await watch(night, address, people, timeout=5)
slept_well(report, people, told)
### END HIDDEN TESTS

# %% [markdown] hints="timers"
# <details><summary>Hint 1: a question</summary>
#
# If you know *when* each sleeper is due, how long may the loop sleep?
# </details>
# <details><summary>Hint 2: where to look</summary>
#
# Part 5: two naps that were wrong, and the three steps of a loop at the end of the part.
# </details>
# <details><summary>Hint 3: what goes into the gaps</summary>
#
# Keep pairs `(due, number)`, at first `(0, number)` for everyone. As long as there are any: take
# the smallest, sleep until it is due (not a negative time), send, and put it back with
# `time.monotonic() + seconds`, or note its result. `heapq.heappop` and `heapq.heappush` find the
# smallest; `min` and `sort` do it too.
# </details>
# <details><summary>Hint 4: a TypeError about `<`</summary>
#
# Your pair contains the coroutine itself, and two of them are due at the same moment. Python then
# compares the second elements. Put the number there.
# </details>
# <details><summary>Our answer, next to yours</summary>
#
# Save the notebook (Ctrl+S), then run this in a new cell:
#
# ```python
# from autograder import compare
#
# compare("timers")
# ```
#
# If `check` has not passed your answer yet, `compare` asks you to confirm. It costs no points.
# </details>
# <details><summary>Once it passes: try this</summary>
#
# Put this loop and the one of exercise 3 together: `pause()` pauses with None and means
# "immediately, but the others first". Then you have the heart of asyncio's loop; sockets, futures and
# cancelling are missing.
# </details>

# %% [markdown]
# ---
# **Done?** Click **Validate** above this notebook, or run `python3 -m autograder check
# work/01_coroutines/01_coroutines.ipynb` in the course folder. Both run all tests, also the hidden
# ones, as your instructor would.
