# The glossary: the words of the course, each in a sentence or two, and the unit that shows it.

# %% [markdown]
# # The words of the course
#
# Each in a sentence or two, and in brackets the unit that shows it; *lab* means that unit's lab.
#
# ## The loop and what runs on it
#
# **await** · *Go on when this has an answer.* It hands the loop over only when what is awaited really
# has to wait; awaiting a plain coroutine is a call. (02)
#
# **block** · A time for which code held the loop, so that nothing else ran. All code holds the loop;
# what counts is for how long. (03)
#
# **callback** · A function that the loop calls when its time has come. Tasks are driven by callbacks.
# (06, 10)
#
# **cancel** · To ask a task to end: a `CancelledError` is raised at the `await` where it stands. The
# task may still clean up, and should let the error pass. (06)
#
# **concurrent** · Under way at the same time, like ten requests that wait for their answers. *Parallel*
# is more: running at the same moment, on several processors. A loop is concurrent, not parallel. (02)
#
# **coroutine** · A call of an `async def` makes a coroutine: a function that can pause. None of its lines
# has run yet. (01)
#
# **debug mode** · asyncio's own check: it logs callbacks that take longer than 100 ms, and makes each
# switch between tasks ten times as slow, or more. (10)
#
# **event loop** · The object that runs all tasks of a thread, one step at a time, and waits for sockets
# and clocks in between. (01)
#
# **future** · An object for a result that will be there later. A task that awaits it suspends until the
# result is set. (01)
#
# **lag, lateness** · How late the loop runs what was due. Measure it against a fixed schedule, or you do
# not see the longest delays. (10)
#
# **suspend** · To pause at an `await`, so that the loop gets a turn. Many an `await` does not suspend. (02)
#
# **task** · A coroutine that the loop drives, beside all others. It begins at the next round of the
# loop, not when you make it. (02)
#
# **turn** · A chance for the loop to run all other tasks that are ready. (02, 04)
#
# **yield (to the loop)** · To give the loop a turn, with `await asyncio.sleep(0)`. It costs a round of
# the loop, so do not do it in every iteration. (04)
#
# ## The bot and its gateway
#
# **ACK** · The gateway's answer to a heartbeat. If no ACK comes between two heartbeats, the connection is
# a zombie. (03, 13)
#
# **beat** · One heartbeat. Also what a watchdog asks of the loop, to see whether it is free. (03, 10)
#
# **defer** · The first answer to a slash command: "I am thinking". It must come within three seconds. (03)
#
# **gateway** · The WebSocket over which Discord tells a bot what happens. To write a message, a bot uses
# HTTP requests (REST). (03)
#
# **heartbeat** · The bot's sign of life, every 41 s at Discord, every 0.2 s here. (03)
#
# **IDENTIFY** · To log in and start a new session. Discord allows 1000 of these in 24 hours. (03)
#
# **jitter** · A random part of a waiting time, so that many clients do not all send at the same moment.
# (13)
#
# **rate limit, 429** · The server refuses too many requests. Wait for as long as `Retry-After` says. (07)
#
# **RESUME** · To continue the old session on a new connection; the gateway replays what was missed. (03)
#
# **zombie** · A connection that is still open, but over which nothing arrives any more. (13)
#
# ## Threads, processes, pools
#
# **backpressure** · A full queue makes the senders wait, and does not grow forever. (09)
#
# **default pool** · asyncio's own thread pool, `min(32, cpus + 4)` threads. `to_thread` uses it, and so
# does DNS. (05)
#
# **executor** · A pool of threads or processes that takes work and gives back futures. (05)
#
# **GIL** · The interpreter's lock: only the thread that has it runs Python. A thread that waits releases
# it. Some calls to C code release it, too, many do not. (05)
#
# **pool** · A fixed number of threads, processes or connections, with a queue in front of them. (05, 08,
# 12)
#
# **process pool** · Other Python processes, each with a GIL of its own. Arguments and results are copied.
# (05)
#
# ## Many things at the same time
#
# **bounded** · With a limit, as a queue with a size, or a Semaphore. (lab 06, 09)
#
# **check-then-act** · To look at a value, to await, and then to act on the old value. In between, other
# tasks may have changed it. (09)
#
# **deadline** · A moment by which something must be done, however many attempts it takes. A *timeout* is
# for one of them. (03, lab 06)
#
# **drain** · To finish what was accepted, before closing. (lab 09, lab 12)
#
# **lock** · Only one task at a time can have it. Use one lock per key, not one for all. (09)
#
# **poison** · An order that ends the worker that serves it. (lab 12)
#
# **race** · The result depends on which task runs first, and the program does not control that. (09)
#
# **TaskGroup** · A block that starts tasks, and ends when all of them have ended. (06)
#
# **thread** · A second flow of execution in the same interpreter. It cannot be cancelled. (05)
#
# ## How this course measures
#
# **card** · An entry in the catalog of libraries: what a library is for, and what to run to measure it.
# (11)
#
# **grader** · What gives the points. One process holds the tests, another one runs your cells. (00)
#
# **inconclusive** · The machine was too busy to tell. It never counts against you. (00)
#
# **limit** · How long an answer may hold the loop, stated in each exercise; mostly 100 ms. (00)
#
# **longest block** · The longest time for which your code held the loop, without the time that other
# programs took. Labs are graded by it. (00)
#
# **probe** · The part of `watch` that measures each block of the loop, and what held it. (10)
#
# **twin** · The blocking library that does the job of an async one; a card measures both. (11)
#
# **watch** · Runs a coroutine function on a watched loop, and returns a report. (00)
#
# **watchdog, witness** · A thread that watches the loop. It can name the line that holds the loop, but it
# cannot free the loop. (03, 10, 12)
