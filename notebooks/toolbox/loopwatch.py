"""Names the line that holds your bot's event loop. Copy this file beside your bot, `import
loopwatch`, and call `loopwatch.start()` once where the loop runs already, as in `setup_hook`."""

import asyncio
import os
import sys
import threading
import time
import traceback

OTHERS = ("site-packages", "dist-packages", os.path.dirname(os.__file__), "<frozen")


def start(limit=0.1, report=print):
    """From now on tell `report`, a function, what holds this loop for more than `limit` seconds."""
    loop, loop_thread, last = asyncio.get_running_loop(), threading.get_ident(), time.monotonic()

    def beat():  # on the loop, whenever that is free
        nonlocal last
        last = time.monotonic()
        loop.call_later(limit / 4, beat)

    def watch():  # on a thread of its own: a witness
        while not loop.is_closed():
            time.sleep(limit / 4)
            if time.monotonic() - (since := last) <= limit:
                continue
            stack = traceback.extract_stack(sys._current_frames()[loop_thread])
            yours = [at for at in stack if not any(part in at.filename for part in OTHERS)]
            at = (yours or stack)[-1]
            while last == since and not loop.is_closed():
                time.sleep(limit / 4)
            held, where = time.monotonic() - since, f"{at.filename}:{at.lineno} in {at.name}"
            report(f"loop held for {held:.2f} s: {where}: {at.line}")

    beat()
    threading.Thread(target=watch, name="loopwatch", daemon=True).start()
