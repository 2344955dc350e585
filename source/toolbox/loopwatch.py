"""Names the lines that hold your bot's event loop. It is one file, and needs nothing but Python.

    python loopwatch.py bot.py           your bot as it is, each of its loops watched
    python loopwatch.py --attach PID     a bot that runs already (the same Python, 3.14 or newer)

Or copy this file beside your bot, `import loopwatch`, and call `loopwatch.start()` where the loop
runs already: in `setup_hook`, in `on_ready`, or in `main`. Python 3.9 and newer.
"""

import asyncio
import atexit
import contextlib
import gc
import linecache
import os
import sys
import threading
import time
from collections import Counter

TOLD = 10  # report a block that is still going on after 10 times the limit, then at each doubling
NOBODY = "no line of this program: the machine was busy, or a call kept the GIL"
HERE = (lambda: None).__code__.co_filename
OTHERS = ("site-packages", "dist-packages", os.path.dirname(os.__file__), "<frozen", HERE)
# Below these frames of asyncio is what started the loop, and above them what it runs.
RUNS = {"_run", "_run_once", "run", "run_forever", "run_until_complete"}
RUNNERS = {"base_events.py", "events.py", "runners.py", "windows_events.py", "nest_asyncio.py"}
# A thread whose innermost frame is in one of these files waits, and keeps nothing.
WAITS = {"threading.py", "queue.py", "selectors.py", "socket.py", "ssl.py", "subprocess.py"}
WAITS |= {"thread.py", "connection.py", "synchronize.py"}
_watched = []  # a witness of each loop, until a later start finds the loop closed


def say(sentence):
    print(time.strftime("%H:%M:%S"), sentence, flush=True)


def start(limit=0.1, report=say):
    """From now on tell `report`, a function, what holds this loop for more than `limit` seconds.

    A second call on the same loop does nothing. `report` is called on a thread.
    """
    loop = asyncio.get_running_loop()
    _watched[:] = [one for one in _watched if not one.loop.is_closed()]
    if not any(one.loop is loop for one in _watched):
        _watched.append(_Witness(loop, limit, report))
        _watched[-1].begin()


@atexit.register
def _last_words():
    """Wait for the threads at the end of the program: they may have a last block to tell."""
    for one in _watched:
        one.looker.join(one.limit)


class _Witness:
    """A thread that looks at one loop, and at the stack of its thread while it is held."""

    def __init__(self, loop, limit, report):
        self.loop, self.limit, self.report = loop, limit, report
        self.thread, self.tick = threading.get_ident(), limit / 4
        self.last = time.monotonic()  # when the loop was last free
        self.below = None  # the frame that runs the loop, where it is not one of asyncio's
        self.collecting = 0.0  # when Python last began to collect garbage
        self.collected = []  # (began, seconds) of long collections
        self.cpu, self.cpu_at = {}, 0.0  # seconds of each thread, and when they were read

    def begin(self):
        self.loop.call_soon(self.beat)
        gc.callbacks.append(self.collect)
        self.looker = threading.Thread(target=self.watch, name="loopwatch", daemon=True)
        self.looker.start()

    def beat(self):
        self.last = time.monotonic()
        if self.below is None:
            below = sys._getframe().f_back
            self.below = below if below and not _runs(below) else False
        self.loop.call_later(self.tick, self.beat)

    def collect(self, phase, info):
        now = time.monotonic()
        if phase == "start":
            self.collecting = now
        elif now - self.collecting > self.tick:
            self.collected = [*self.collected[-9:], (self.collecting, now - self.collecting)]

    def watch(self):
        """Look every quarter of the limit; share the time of a block among the lines seen."""
        began, seen, tell_at, looked = None, Counter(), 0.0, time.monotonic()
        while not self.loop.is_closed():
            if looked - self.cpu_at > 1:
                self.cpu, self.cpu_at = _cpu(), looked
            time.sleep(self.tick)
            before, looked = looked, time.monotonic()
            if not self.loop.is_running():  # between two runs it is held by nothing
                self.last = looked
            last = self.last
            # This thread had to wait, too: something keeps the GIL, or the machine is busy.
            kept = looked - before - self.tick > self.limit
            if began is not None and last > began:
                self.tell(began, last - began, seen)
                began = None
            lasts = looked - last > self.limit / 2
            if not kept and not lasts:
                continue
            if began is None:
                began, seen, tell_at = last if lasts else before, Counter(), TOLD * self.limit
                before = began
            seen[self.where(kept, lasts)] += looked - before
            if not lasts:  # the loop was free again before this thread
                self.tell(began, looked - began, seen)
                began = None
            elif looked - began > tell_at:
                tell_at = 2 * (looked - began)
                self.report(f"loop still held, {looked - began:.2f} s so far: {_shares(seen)}")
        gc.callbacks.remove(self.collect)

    def tell(self, since, held, seen):
        if held > self.limit:
            garbage = sum(seconds for began, seconds in self.collected if began >= since)
            by = f", {garbage:.2f} s of it to collect garbage" if garbage > held / 2 else ""
            self.report(f"loop held for {held:.2f} s: {_shares(seen)}{by}")

    def where(self, kept, lasts):
        """Return what the loop's thread does now, or what the thread does that kept the GIL."""
        frames = sys._current_frames()
        stack = list(_inside(frames.pop(self.thread, None), self.below))
        mine = [frame for frame in stack if _mine(frame)]
        if kept and not (lasts and mine and _mine(stack[0])):  # it may have waited for the GIL
            keeper = self.keeper(frames)
            if keeper or not (lasts and stack):
                return keeper or NOBODY
        if mine:
            said = _line(mine[0]) + _beneath(stack[0])
            return said + (f", called at {_line(mine[-1])}" if len(mine) > 1 else "")
        return f"no line of yours; in {_line(stack[0]) if stack else 'the loop, or in C'}"

    def keeper(self, frames):
        """Return the thread that has computed most, if it is not the loop's; "" if none has."""
        frames.pop(threading.get_ident(), None)  # this thread
        at = {one: _line(next(filter(_mine, _out_of(top)), top)) for one, top in frames.items()}
        busy = [one for one, top in frames.items() if not _waits(top)]
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        spent = {one: cpu - self.cpu.get(one, 0.0) for one, cpu in _cpu().items()}
        if spent:  # the system tells it; elsewhere a thread that does not wait is taken for it
            busy = [one for one in sorted(spent, key=spent.get) if spent[one] > self.limit / 2]
        if not busy or busy[-1] not in at:  # or it is the loop's own
            return ""
        where = "until just now" if _waits(frames[busy[-1]]) else f"at {at[busy[-1]]}"
        return f"thread {names.get(busy[-1], busy[-1])} kept the GIL {where}"


def _cpu():
    """Return the CPU seconds of each thread by its ident; empty where the system tells none."""
    spent = {}
    for thread in threading.enumerate():
        try:
            with open(f"/proc/self/task/{thread.native_id}/schedstat") as file:
                spent[thread.ident] = int(file.read().split()[0]) / 1e9
        except (OSError, ValueError, IndexError):
            pass
    return spent


def _out_of(frame):
    while frame is not None:
        yield frame
        frame = frame.f_back


def _runs(frame):
    """Tell whether a frame is asyncio's and runs the loop, or one of its callbacks."""
    code = frame.f_code
    return code.co_name in RUNS and os.path.basename(code.co_filename) in RUNNERS


def _waits(frame):
    return os.path.basename(frame.f_code.co_filename) in WAITS


def _inside(frame, below):
    """Yield the frames that the loop runs, the innermost first."""
    for one in _out_of(frame):
        if _runs(one) or one is below:
            return
        name = one.f_code.co_filename
        if name != HERE and os.path.basename(name) != "selectors.py":
            yield one


def _mine(frame):
    """Tell whether a frame is of your own code, and its line can be shown."""
    name = frame.f_code.co_filename
    shown = not name.startswith("<") or name in linecache.cache
    return shown and not any(part in name for part in OTHERS)


def _beneath(frame):
    """Return what your line had called: an installed package, or text that exec runs."""
    name = frame.f_code.co_filename
    if _mine(frame):
        return ""
    if name.startswith("<") and not name.startswith("<frozen"):
        return f", which runs {_line(frame)}"
    parts = name.replace(os.sep, "/").split("/")
    for place in range(len(parts) - 1, 0, -1):
        if parts[place - 1] in OTHERS[:2]:
            return f", in {parts[place].partition('.')[0]}"
    return ""


def _line(frame):
    code, number = frame.f_code, frame.f_lineno
    if number is None:  # Python 3.11 has none at the end of some loops
        before = [n for at, _, n in code.co_lines() if n and at <= frame.f_lasti]
        number = before[-1] if before else code.co_firstlineno
    text = linecache.getline(code.co_filename, number, frame.f_globals).strip()[:80]
    return f"{code.co_filename}:{number} in {code.co_name}" + (f": {text}" if text else "")


def _shares(seen):
    """Return the lines of a block, the longest first; of several, each with its seconds."""
    total = sum(seen.values())
    worst = [(place, spent) for place, spent in seen.most_common(3) if spent >= total / 10]
    if len(worst) == 1:
        return worst[0][0]
    return "; ".join(f"{place} ({spent:.2f} s)" for place, spent in worst)


def watch_each_loop():
    """Watch each loop of this program from its first run on, those of uvloop as well."""
    kinds = [asyncio.BaseEventLoop]
    for name in ("uvloop", "winloop"):
        with contextlib.suppress(ImportError):
            kinds.append(__import__(name).Loop)
    for kind in kinds:

        def run_forever(self, original=kind.run_forever):
            self.call_soon(start)
            return original(self)

        kind.run_forever = run_forever


def attach(pid):
    """Start in a program that runs already, at its next line of Python; return an error, or ""."""
    if not hasattr(sys, "remote_exec"):
        return "--attach needs Python 3.14 or newer, the same version here and there."
    import tempfile

    script = (
        f"import asyncio, sys\nsys.path.append({os.path.dirname(os.path.abspath(__file__))!r})\n"
        "import loopwatch\nloop = asyncio._get_running_loop()\n"
        "if loop is None:\n    loopwatch.say('loopwatch: the main thread runs no loop')\n"
        "else:\n    loop.call_soon_threadsafe(loopwatch.start)\n"
        "    loopwatch.say('loopwatch is watching this loop')\n"
    )
    with tempfile.NamedTemporaryFile("w", suffix=".py", delete=False) as file:
        file.write(script)
    os.chmod(file.name, 0o644)
    try:
        sys.remote_exec(pid, file.name)
    except (OSError, RuntimeError, ValueError) as error:
        return f"process {pid} cannot be watched: {error}"
    say("the lines come where that program prints its own")
    return ""


def main(arguments):
    if arguments[:1] == ["--attach"] and len(arguments) == 2 and arguments[1].isdigit():
        error = attach(int(arguments[1]))
        sys.exit(error or 0)
    if not arguments or not os.path.exists(arguments[0]):
        sys.exit(__doc__)
    import runpy

    sys.modules["loopwatch"] = sys.modules[__name__]  # a bot that imports it as well gets this one
    sys.argv[:] = arguments
    sys.path[0] = os.path.dirname(os.path.abspath(arguments[0]))
    watch_each_loop()
    runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
