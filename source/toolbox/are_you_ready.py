# Four things that the course uses and does not teach, each with its repair. Nothing is recorded here.

# %% [markdown]
# # Are you ready? Four short checks
#
# The course uses four things of Python that have nothing to do with async: closures, exceptions,
# context managers and `yield`. For each of them, read the program and say what it prints. Then run
# it. If you were right, go on to the next one. If you were wrong, unfold the repair. It takes five
# minutes.
#
# ## 1 · Closures

# %%
def make_dice():
    count = 0

    def throw():
        nonlocal count
        count += 1
        return count

    return throw

# %% [markdown]
# > **Predict.** ada and bo get dice of their own. ada throws twice, bo once. Does the next cell
# > print `1 2 1`, or `1 2 3`, or an error, because `count` belongs to a function that has returned?

# %%
adas, bos = make_dice(), make_dice()
print(adas(), adas(), bos())

# %% [markdown]
# <details><summary>Repair: closures, in five minutes</summary>
#
# It prints `1 2 1`. A function that is made inside another function remembers the variables around
# it, even after the outer function has returned. Each call of `make_dice` makes a new `count`, and
# a new `throw` that refers to it. Such a pair is called a closure. With one global `count` it would
# be `1 2 3`.
#
# `nonlocal count` is needed because `count += 1` assigns. To *read* `count` you need nothing.
#
# In your bot, a decorator returns a closure: everything between `def my_decorator(function):` and
# `return wrapper`. A button's callback inside a command is a closure, too. There is one trap. A
# closure remembers the *variable*, not the value that it had. In `for name in names:
# buttons.append(lambda: name)` all buttons say the last name. With `lambda name=name: name` each
# button keeps its own.
#
# Try: give `make_dice` a parameter `start`, and let ada begin at 10.
# </details>

# %% [markdown]
# ## 2 · Exceptions

# %%
def pay(coins, price):
    try:
        if price > coins:
            raise ValueError("not enough coins")
        return coins - price
    finally:
        print("till closed")

# %% [markdown]
# > **Predict.** ada has 5 coins, and the tea costs 9. Does the next cell print `sorry` alone, or
# > `till closed` and then `sorry`, or `sorry` and then `till closed`?

# %%
try:
    print("left:", pay(5, 9))
except ValueError as error:
    print("sorry:", error)

# %% [markdown]
# <details><summary>Repair: exceptions, in five minutes</summary>
#
# It prints `till closed`, then `sorry`. An exception leaves function after function, from the
# inside out, until an `except` names its class or a class that it is derived from. On its way out
# it runs every `finally` that it passes. The `except` here is outside of `pay`, so the `finally`
# inside comes first.
#
# `finally` runs however the block ends: with a return, with an error, with a `break`. (Only if the
# whole program is killed, it does not run.) So it is the place for what must happen in any case: to
# close, to release, to put back. This course needs it because a
# *cancelled* task ends in the same way. An exception travels through it, and its `finally` blocks
# clean up.
#
# Be careful with a bare `except:`. It catches what was not meant for it, and cancellation too.
#
# Try: let ada have 10 coins. Which lines does it print now?
# </details>

# %% [markdown]
# ## 3 · Context managers

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
# > **Predict.** `answer` returns from inside the `with`. In which order do the three lines appear:
# > does `hello` come second or last? Or does the `return` skip `bot stops typing`?

# %%
print(answer())

# %% [markdown]
# <details><summary>Repair: context managers, in five minutes</summary>
#
# `hello` comes last. `with thing:` calls `thing.__enter__()` at its start and `thing.__exit__(...)`
# at its end, **however** the block ends: at its last line, by `return`, or by an exception. It does
# the work of a `try`/`finally`. The `return` leaves the block, so `__exit__` runs, and only then
# does `print` get the value.
#
# You use them all the time: `with open(...) as file`, and with `async` in front, `async with
# ctx.typing()` or `async with session.get(url) as page`. The `async` only means that entering and
# leaving may take a while, and are awaited.
#
# Try: raise an error inside the `with`. Does the bot stop typing?
# </details>

# %% [markdown]
# ## 4 · yield

# %%
def count():
    print("begin")
    yield 1
    print("between")
    yield 2

# %% [markdown]
# > **Predict.** We make a counter, print "made", and ask the counter for one number. Does `begin`
# > come before `made`, or after it, or not at all?

# %%
counting = count()
print("made")
print(next(counting))

# %% [markdown]
# <details><summary>Repair: yield, in five minutes</summary>
#
# It prints `made`, `begin`, `1`. A function with `yield` in it is a generator function. A call of
# it runs *nothing*. It makes a generator, which has not begun with the first line.
# `next(generator)` runs it to the next `yield` and gives you the value. There the function
# **pauses**, with all its variables. The next `next` goes on after that `yield`. A `for` loop calls
# `next` for you.
#
# This is the most important of the four. A coroutine, which `async def` makes, is such a function
# that can pause. The event loop resumes it, as `next` resumes a generator (with `send(None)`). Unit 01
# builds one from the other.
#
# Try: call `next(counting)` twice more. What happens at the end?
# </details>

# %% [markdown]
# **Next**: back to [unit 00](../00_start_here/00_start_here.ipynb), or on to [unit
# 01](../01_coroutines/01_coroutines_lesson.ipynb).
