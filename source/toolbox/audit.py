# The audit of one's own bot: half of the finish line.

# %% [markdown]
# # Audit your own bot
#
# **You will** go through your bot with what you have learnt, take a picture before and one after,
# and know what is left to do. An hour, a quiet evening, a copy of your bot.
#
# **You need** a terminal, and the file that you start your bot with:
# `python3 -m autograder run ../my_bot/bot.py`. [own_bot.ipynb](own_bot.ipynb) tells more.
#
# ## 1 · The chart before
#
# Use every command once, and the slow ones twice, with a command of another person in between. `run`
# keeps each line that held the loop: those of your bot's first run are *before*, those of its last run
# are *after*. Then run the next cell. After the first run both are the same; repair, run your bot again,
# and *after* changes. (Without `run`, put loopwatch's lines in place of the examples.)

# %%
from autograder import audit

mine = audit()
BEFORE, AFTER = mine.before, mine.after
if not mine.bot:
    BEFORE = """
loop held for 0.93 s: dice.py:21 in roll: page = requests.get(URL)
loop held for 0.41 s: xp.py:40 in add: db.commit()
"""
    AFTER = """
loop held for 0.12 s: xp.py:38 in add: rows = json.loads(text)
"""
    print("These lines are an example.")

# %%
import re

import matplotlib.pyplot as plt

from autograder import show

LONGEST = 44  # characters of a bar's name; more would leave no room for the bar


def worst_blocks(logs):
    """The longest block of each line, in each log: {(label, line): seconds}."""
    worst = {}
    for label, log in logs.items():
        for held, where, code in re.findall(r"held for ([\d.]+) s: (.*?) in (.*)", log):
            name = f"{where.split('/')[-1]}: {code}"
            key = label, name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
            worst[key] = max(float(held), worst.get(key, 0))
    return worst

# %%
def picture(**logs):
    """The longest block of each line, before and after, as bars."""
    worst = worst_blocks(logs)
    figure, axes = plt.subplots(figsize=(7, 1 + 0.4 * len(worst)))
    rows = sorted(worst.items(), key=lambda item: item[1])
    for row, ((label, _), held) in enumerate(rows):
        look = {"color": "0.75"} if label == "before" else {"color": "white", "hatch": "//"}
        axes.barh(row, held, edgecolor="black", **look)
        axes.text(held, row, f" {held:.2f} s", va="center")
    axes.axvline(0.1, color="black", linestyle=":")
    axes.set_yticks(range(len(rows)), [f"{label}  {where}" for (label, where), _ in rows])
    axes.set(xlabel="seconds for which the loop was held", xmargin=0.15)
    words = [f"{label}, {where} {held:.2f} s" for (label, where), held in reversed(rows)]
    show(figure, f"For how long each line held the loop. {'; '.join(words)}.")
    places = "1 place" if len(worst) == 1 else f"{len(worst)} places"
    print(f"{places} held the loop; the dotted line is 100 ms")


picture(before=BEFORE, after=AFTER)

# %% [markdown]
# ## 2 · Fourteen questions to your bot
#
# Take the longest block first, and fix it. Then go through the list, with your code beside it. Each
# question has a link to the cell that shows why.
#
# 1. Is the loop free of `time.sleep`, `requests` and `urllib`? ([03](lesson:03_gateway/slow-page))
# 2. Does every SDK that blocks (a language model, yt-dlp, a driver) run in a thread, and in a pool of its own when many wait for it? ([12](lesson:12_capstone/all-in-threads))
# 3. Does `to_thread` get the function and its arguments, never `f(x)`? ([05](lesson:05_threads/ask-in-a-thread))
# 4. Do long calls into C (a big `sorted`, `json` of megabytes, a pattern on what users type) go to a process? ([05](lesson:05_threads/sorted-in-a-thread))
# 5. Does each long loop of plain Python give the event loop a turn by the clock, every 5 or 10 ms? ([04](lesson:04_yielding/other-rolls))
# 6. Is there one session for the whole bot, and do you know its limit of connections? ([07](lesson:07_network/how-many-connections))
# 7. Does a 429 make you wait for as long as it says? ([07](lesson:07_network/strong-will))
# 8. Do the databases have a pool, a commit where it belongs, and an answer for a locked file? ([08](lesson:08_databases/somebody-holds-it))
# 9. Is every check in the same step as its change (no `await` between them), or under a lock per key? ([09](lesson:09_queues/buy-five-times))
# 10. Is every task kept somewhere, and its error reported? ([06](lesson:06_structure/two-tasks))
# 11. Does each call to the outside have a time limit, and does each `except` let a cancellation pass? ([06](lesson:06_structure/ten-attempts))
# 12. Does every slash command that may take longer than a second call `defer` in its first line? ([03](lesson:03_gateway/curt-and-recap))
# 13. Does every queue have a size, and do people get an answer when it is full? ([09](lesson:09_queues/burst))
# 14. When the bot must stop, does it finish what it accepted, cancel the rest, and close, in time? ([12](lesson:12_capstone/what-is-left))
#
# Write a letter for each: `y` yes, `n` no, `-` it does not apply, `?` not looked at yet.

# %%
AUDIT = "??????????????"

# %%
NAMES = ("blocking calls", "SDKs", "f(x) in to_thread", "long calls into C", "long loops",
         "one session", "429", "databases", "check and change", "tasks kept", "time limits",
         "defer first", "full queues", "the end")


def questions(letters):
    """Print what is still to do, and how far the audit is."""
    letters = letters.lower().ljust(len(NAMES), "?")
    for number, (letter, name) in enumerate(zip(letters, NAMES, strict=False), 1):
        if letter in "n?":
            print(f"{number:3}  {name:20} {'fix it' if letter == 'n' else 'not looked at yet'}")
    letters = letters[: len(NAMES)]
    looked = len(NAMES) - letters.count("?")
    print(f"{looked} of {len(NAMES)} looked at, {letters.count('n')} to fix.")
    print(audit(letters))  # keeps them for `progress`


questions(AUDIT)

# %% [markdown]
# ## 3 · The chart after
#
# Use the same commands again, with the same `run`, and run this notebook again. The bars that are
# left are your list for next week. The audit is done when the last run has no block of 100 ms, and
# you have looked at each question; `progress` shows how far you are. Give each *n* of the list a date.
#
# `run --picture night.png` also draws the run: each command that held the loop, and the heartbeats.
#
# ## 4 · Put a watchdog in
#
# Put `loopwatch.start()` into your bot ([own_bot.ipynb](own_bot.ipynb), part 4). It may stay there for
# good. It looks at the clock 40 times per second, and logs a line each time the loop was held for more
# than 0.1 s. Give it `report=logging.getLogger("loopwatch").warning`.
