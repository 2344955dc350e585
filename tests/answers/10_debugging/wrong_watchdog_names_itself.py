# exercise: watchdog
# expect: fails
# test: watchdog_visible
# message: That is the watchdog itself

# %% answer="watchdog"
class Watchdog:
    """Photographs its own thread."""

    def __init__(self, loop, limit, say):
        self.loop, self.limit, self.say = loop, limit, say
        self.beat_at, self.told, self.over = time.monotonic(), False, threading.Event()

    def start(self):
        threading.Thread(target=self.watch, daemon=True).start()

    def stop(self):
        self.over.set()

    def beat(self):
        self.beat_at, self.told = time.monotonic(), False

    def watch(self):
        while not self.over.wait(0.02):
            if time.monotonic() - self.beat_at > self.limit and not self.told:
                self.told = True
                self.say(sys._current_frames()[threading.get_ident()].f_code.co_name)
            self.loop.call_soon_threadsafe(self.beat)
