# The glossary: the words of the course, each in a sentence or two, and the unit that shows it.

# %% [markdown]
# # The words of the course
#
# Each in a sentence or two, and in brackets the unit that shows it.
#
# ## The loop and what runs on it
#
# **await** · *Go on when this has an answer.* It hands the loop over only when what is awaited really
# has to wait; awaiting a plain coroutine is a call. (02)
#
# **block** · A stretch for which code held the loop, so that nothing else ran. All code blocks; what
# counts is for how long. (03)
#
# **callback** · A function that the loop calls when its time has come. Tasks are driven by callbacks.
# (01)
#
# **cancel** · To ask a task to end: a `CancelledError` is raised at the `await` where it stands. The
# task may still clean up, and should let the error pass. (06)
#
# **concurrent** · Under way at the same time, as ten pages that are all on their way. *Parallel* is
# more: running at the same instant, on several processors. A loop is concurrent, not parallel. (02)
#
# **coroutine** · What calling an `async def` function makes: a function that can pause. Nothing of it
# has run yet. (01)
#
# **debug mode** · asyncio's own check: it logs callbacks that take longer than 100 ms, and makes each
# switch between tasks ten times as slow, or more. (10)
#
# **event loop** · The one function that runs all tasks of a thread, one step at a time, and waits for
# sockets and clocks in between. (01)
#
# **future** · A box for a result that will be there later. Awaiting it suspends until somebody puts the
# result in. (01)
#
# **lag, lateness** · How late the loop does what was due. Measured against a fixed schedule, or else
# the worst of it goes unseen. (10)
#
# **task** · A coroutine that the loop drives, beside all others. It begins at the next round of the
# loop, not when you make it. (02)
#
# **yield** · To give the others a turn, as `await asyncio.sleep(0)` does. It costs a round of the loop,
# so not in every iteration. (04)
#
# ## The bot and its gateway
#
# **ACK** · The gateway's answer to a heartbeat. No ACK between two beats: the connection is a zombie.
# (03, 07)
#
# **defer** · The first sign to whoever used a slash command: I am thinking. It must come within three
# seconds. (03)
#
# **dispatch** · An event on its way to your handlers; each handler gets a task of its own. (03)
#
# **gateway** · The WebSocket over which Discord tells a bot what happens. REST is the other way, by
# which a bot says something. (03)
#
# **heartbeat** · The bot's sign of life, every 41 s at Discord, every 0.2 s here. (03)
#
# **idempotent** · Twice is once: what arrives again changes nothing. (12)
#
# **IDENTIFY** · A new login, of which there are 1000 in 24 hours. (03)
#
# **rate limit, 429** · *Too fast*: wait for as long as `Retry-After` says. (07)
#
# **RESUME** · To come back to a session that broke off; the gateway replays what was missed. (03)
#
# **zombie** · A connection that is open and dead: nothing arrives any more. (07)
#
# ## Threads, processes, pools
#
# **backpressure** · A full queue makes those wait who put things in, instead of growing for ever. (09)
#
# **default pool** · asyncio's own thread pool, `min(32, cpus + 4)` threads. `to_thread` uses it, and so
# does DNS. (05)
#
# **executor** · A pool of threads or processes that takes work and gives back futures. (05)
#
# **GIL** · The interpreter's lock: one thread at a time runs Python. Waiting lets go of it, some calls
# into C do, many do not. (05)
#
# **pool** · So many threads, processes or connections, and a queue in front of them. (05, 08, 12)
#
# **process pool** · Interpreters of their own, each with its own lock. What goes in and out is copied.
# (05)
#
# ## Many things at the same time
#
# **bounded** · With a limit, as a queue with a size or a Semaphore: so many at once, no more. (06, 09)
#
# **check-then-act** · To look, to await, and to act on what was seen before. In between the world has
# changed. (09)
#
# **deadline** · A moment by which all attempts together must be done. A *timeout* is for one of them.
# (06)
#
# **drain** · To finish what was accepted, before closing. (09, 12)
#
# **lock** · One at a time through here. One a person, not one for everybody. (09)
#
# **poison** · An order that breaks whoever serves it. (12)
#
# **race** · The result depends on who comes first, and nobody decided who should. (09)
#
# **shedding** · To turn people away at once instead of letting them wait for ever. (09)
#
# **structured concurrency** · Tasks that live in a block and are all over when it is left, as in
# `TaskGroup`. (06)
#
# **thread** · A second line of execution in the same interpreter. It cannot be cancelled. (05)
#
# ## How this course measures
#
# **examiner, candidate** · Two processes: one holds the tests, the other runs your cells. (00)
#
# **inconclusive** · The machine was too busy to tell. It never counts against you. (00)
#
# **limit** · How long an answer may hold the loop, stated in each exercise; mostly 100 ms. (00)
#
# **longest block** · The CPU time of the loop's thread between two looks at its sockets, and the time it
# slept in between; what the system took away is left out. This is what is graded. (00)
#
# **watch** · Runs a coroutine function on a watched loop, and returns a report. (00)
#
# **witness** · A thread that looks on: it can name the line that holds the loop, and cannot free it.
# (03, 10, 12)
