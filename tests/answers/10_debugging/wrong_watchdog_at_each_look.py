# exercise: watchdog
# expect: fails
# test: watchdog_visible
# message: once, but your watchdog said so

# %% answer="watchdog"
class Watchdog:
    """Says it again and again while the loop stands still."""

    def __init__(self, loop, limit, say):
        self.loop, self.limit, self.say = loop, limit, say
        self.loop_thread = threading.get_ident()
        self.beat_at, self.over = time.monotonic(), threading.Event()

    def start(self):
        threading.Thread(target=self.watch, daemon=True).start()

    def stop(self):
        self.over.set()

    def beat(self):
        self.beat_at = time.monotonic()

    def watch(self):
        while not self.over.wait(0.02):
            if time.monotonic() - self.beat_at > self.limit:
                self.say(sys._current_frames()[self.loop_thread].f_code.co_name)
            self.loop.call_soon_threadsafe(self.beat)
