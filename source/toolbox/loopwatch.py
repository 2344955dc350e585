"""Names the line that holds your bot's event loop. Copy this file beside your bot, `import
loopwatch`, and call `loopwatch.start()` once where the loop runs already, as in `setup_hook`."""

import asyncio
import os
import sys
import threading
import time
import traceback
from collections import Counter

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
            since, looks = last, Counter()
            while last == since < time.monotonic() - limit / 2 and not loop.is_closed():
                stack = traceback.extract_stack(sys._current_frames()[loop_thread])
                yours = [at for at in stack if not any(part in at.filename for part in OTHERS)]
                at = (yours or stack)[-1]
                looks[f"{at.filename}:{at.lineno} in {at.name}: {at.line}"] += 1
                time.sleep(limit / 4)
            held = time.monotonic() - since
            if looks and held > limit:
                (where, times), total = looks.most_common(1)[0], sum(looks.values())
                share = f" ({100 * times // total} % of {total} looks)" if times < total else ""
                report(f"loop held for {held:.2f} s: {where}{share}")

    beat()
    threading.Thread(target=watch, name="loopwatch", daemon=True).start()
