# The map of the misconceptions: what learners believe or ask, and the cell that settles it. All of its
# 41 rows must stay (tests/units/test_misconceptions.py), and the units' design notes name them by number.

# %% [markdown]
# # You may have heard that ...
#
# Forty-one things that people who write bots believe, each with the short answer, and the cell that
# shows it. Click on the number of the unit to get there. If the lesson opens at its top, click the link
# again. (The numbers on the left are only names, so they are not in order.)
#
# ## Coroutines and await
#
# | | you may think | in fact | shown in |
# |---|---|---|---|
# | 1 | `async def` makes my function non-blocking | it makes a function that *can* hand the loop back, at its awaits | [03](lesson:03_gateway/slow-page), [11](lesson:11_catalog/fetch-of-swift) |
# | 2 | `await f()` runs `f` in the background | it runs `f` now, and goes on when it is done | [02](lesson:02_tasks/two-awaits) |
# | 3 | every `await` gives the loop a turn | only one that really has to wait | [02](lesson:02_tasks/thousand-awaits) |
# | 4 | blocking is whatever is not awaited | all code holds the loop; what counts is for how long | [03](lesson:03_gateway/which-is-longer) |
# | 5 | a forgotten `await` is an error | nothing is sent, and there is a warning at most | [01](lesson:01_coroutines/forgotten-await), [lab](lab:01_coroutines/unawaited) |
# | 12 | in `create_task` or `gather` anything is concurrent | a call that blocks blocks, in a task as well | [02](lesson:02_tasks/gather-requests), [lab](lab:02_tasks/false_concurrency) |
# | 37 | notebooks cannot do asyncio | they have a loop already: `await` instead of `asyncio.run` | [00](lesson:00_start_here/run-in-cell) |
# | 38 | nest-asyncio is the cure | it lets a loop run inside a running one, but the inner runs can end only in reverse order: a run of 0.1 s waits until a later one of 0.6 s has ended | [00](lesson:00_start_here/run-in-cell), and its fine print |
#
# ## The bot and its heart
#
# | | you may think | in fact | shown in |
# |---|---|---|---|
# | 6 | `time.sleep` is fine, or a timeout cuts it short | the sleep holds the loop, and a timeout can act only when the loop is free | [03](lesson:03_gateway/sleep-in-handler), [timeout](lesson:03_gateway/impatient) |
# | 7 | `requests` is good enough for a bot | each request holds the loop until the page is there | [03](lesson:03_gateway/slow-page), [07](lesson:07_network/dog-httpx) |
# | 8 | the official SDK of my language model must be fine | it blocks like any other call: a pool of its own | [lab 03](lab:03_gateway/repair_five), [lab 12](lab:12_capstone/busy) |
# | 36 | "Unknown interaction": the command that fails must call `defer` earlier | it may call it in its first line, and still be too late: other code held the loop | [03](lesson:03_gateway/recap-and-roll) |
# | 41 | a missed heartbeat loses events forever | events come late and are not lost: RESUME replays them, and some can come twice | [03](lesson:03_gateway/sleep-in-handler), [13](lesson:13_by_hand/old-number), [12](lesson:12_capstone/comes-twice) |
#
# ## Work
#
# | | you may think | in fact | shown in |
# |---|---|---|---|
# | 9 | converting media or asking a model in a command always blocks the bot | asking a model: a thread or an async client; converting: a thread if the C code releases the GIL, else a process | [05](lesson:05_threads/which-let-go) |
# | 10 | `sleep(0)` cures work that takes long | it costs a round of the loop each time, and cannot get into a call | [04](lesson:04_yielding/a-turn-each), [no gap](lesson:04_yielding/turn-before-and-after) |
# | 11 | one `sleep(0)` at the top is enough | one turn, before all of the work | [04](lesson:04_yielding/one-turn-first) |
# | 13 | `to_thread(f(x))` runs `f` in a thread | `f(x)` is called first, on the loop | [05](lesson:05_threads/ask-in-a-thread) |
# | 14 | a coroutine function can be sent to a thread | the thread makes a coroutine, and nothing runs it | below, A |
# | 15 | I can leave `with ThreadPoolExecutor()` and `await` the future after it | the end of the `with` waits for the job, on the loop | [05](lesson:05_threads/pool-in-a-with) |
# | 16 | `.result()` and `join()` wait politely | they hold the thread on which they are called: the loop's | [05](lesson:05_threads/pool-in-a-with), and the cell after it |
# | 17 | threads never help with CPU work | one thread of plain Python leaves the loop its turns | [05](lesson:05_threads/python-in-a-thread) |
# | 18 | threads always help | one call to C code that keeps the GIL stops all threads | [05](lesson:05_threads/sorted-in-a-thread) |
# | 19 | Pillow must be replaced by something async | it releases the GIL: a thread is enough | [05](lesson:05_threads/photo-in-a-thread), [lab](lab:05_threads/images) |
# | 20 | a timeout stops the thread | you stop waiting; the thread goes on | [05](lesson:05_threads/cut-short), [lab 06](lab:06_structure/clean_up) |
# | 21 | the default pool is big | `min(32, cpus + 4)`, and DNS stands in the same queue | [05](lesson:05_threads/lookup-among-forty), [12](lesson:12_capstone/all-in-threads) |
# | 39 | uvloop makes my bot non-blocking | a faster loop waits just as long for code that holds it | [10](lesson:10_debugging/roll-on-uvloop) |
# | 40 | aiofiles reads files without threads | it sends each small step to a thread, and often takes longer | below, B |
#
# ## Many things at the same time
#
# | | you may think | in fact | shown in |
# |---|---|---|---|
# | 23 | a task that was created runs to its end | something must refer to it, or it can vanish | [06](lesson:06_structure/two-tasks), [lab](lab:06_structure/background) |
# | 24 | an exception in a task shows up | only when the task is thrown away, or when code asks it for its exception | [06](lesson:06_structure/half-a-second), [12](lesson:12_capstone/after-the-frog) |
# | 25 | `gather` cancels the others on an error | it does not; a TaskGroup does | [06](lesson:06_structure/the-others) |
# | 26 | `gather` of ten thousand requests is fast | it is a burst: waves, refusals, too many open files | [06](lesson:06_structure/batches-or-gate), [07](lesson:07_network/300-requests) |
# | 33 | one thread, so no races | between a check and a change there may be an `await` | [09](lesson:09_queues/buy-five-times) |
# | 34 | a queue without a size absorbs the load | it hides it: people wait, and memory grows | [09](lesson:09_queues/burst), [12](lesson:12_capstone/all-in-threads) |
# | 35 | `except: pass` in a loop does no harm | it swallows the cancellation, and the loop never ends | [06](lesson:06_structure/ten-attempts), [lab 12](lab:12_capstone/poison) |
#
# ## Networks and databases
#
# | | you may think | in fact | shown in |
# |---|---|---|---|
# | 22 | looking up names blocks the loop, unless aiodns is there | it queues in the default pool | [07](lesson:07_network/names-in-threads) |
# | 27 | the timeout of a request begins with the request | aiohttp's begins with the wait for a connection | [07](lesson:07_network/whose-timeout) |
# | 28 | a session for each command is cleaner | it is a new connection each time, and for httpx a blocked loop | [07](lesson:07_network/how-many-connections), [httpx](lesson:07_network/making-a-client) |
# | 29 | httpx is async, so `httpx.get` is | that is its other half | [07](lesson:07_network/dog-httpx) |
# | 30 | SQLite is local, so it is instant | not while another process holds the file | [08](lesson:08_databases/somebody-holds-it) |
# | 31 | aiosqlite runs queries in parallel | one connection, one thread, one queue | [08](lesson:08_databases/five-on-one) |
# | 32 | an ORM that offers async cannot block | its synchronous `Session` blocks at every query, as any other blocking call does | [08](lesson:08_databases/somebody-holds-it) (the same wait, without an ORM), [11](lesson:11_catalog/fetch-of-swift) |

# %% [markdown]
# Two of them had no place in a unit. Here they are.
#
# **A. A coroutine function in a thread.** What comes back from the thread?

# %%
import asyncio
import tempfile
from pathlib import Path

from autograder import watch


async def brew():
    print("the kettle is on")
    return "tea"


cup = await asyncio.to_thread(brew)
print("What came back:", cup)
cup.close()  # nothing ran it

# %% [markdown]
# The kettle was never on. The thread *called* `brew`, and calling it makes a coroutine. A thread can
# run only a plain function. A coroutine must be awaited.
#
# **B. aiofiles.** 300 small files, read on the loop, with aiofiles, and all of them in one thread:

# %%
import aiofiles

FOLDER = Path(tempfile.mkdtemp())
FILES = [str(FOLDER / f"{number}.txt") for number in range(300)]
for name in FILES:
    Path(name).write_text("tea at four. " * 150)


async def on_the_loop():
    for name in FILES:
        Path(name).read_text()


async def with_aiofiles():
    for name in FILES:
        async with aiofiles.open(name) as file:
            await file.read()


async def in_one_thread():
    await asyncio.to_thread(lambda: [Path(name).read_text() for name in FILES])

# %%
for read in (on_the_loop, with_aiofiles, in_one_thread):
    report = await watch(read)
    print(f"{read.__name__:14} {report.seconds * 1000:6.1f} ms, "
          f"longest block {report.longest_block * 1000:.1f} ms")

# %% [markdown]
# One such file takes some tens of microseconds, which no loop feels. aiofiles opens, reads and closes
# in a thread, a trip for each: the trips take longer than the reading. For one big file, or a slow
# disk, a single `to_thread` around all of it does the same with one trip.
