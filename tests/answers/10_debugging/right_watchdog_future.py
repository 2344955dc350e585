# exercise: watchdog
# expect: passes

# %% answer="watchdog"
import traceback


class Watchdog:
    """Asks for a beat, and waits for the answer no longer than the limit."""

    def __init__(self, loop, limit, say):
        self.loop, self.limit, self.say = loop, limit, say
        self.loop_thread = threading.get_ident()
        self.over = threading.Event()

    def start(self):
        threading.Thread(target=self.watch, daemon=True).start()

    def stop(self):
        self.over.set()

    def watch(self):
        while not self.over.wait(0.01):
            heard = threading.Event()
            self.loop.call_soon_threadsafe(heard.set)
            if heard.wait(self.limit):
                continue
            stack = traceback.extract_stack(sys._current_frames()[self.loop_thread])
            self.say(stack[-1].name)
            heard.wait()
