# exercise: watchdog
# expect: fails
# test: watchdog_visible
# message: after its end

# %% answer="watchdog"
class Watchdog:
    """Takes notes, and reads them out when the evening is over."""

    def __init__(self, loop, limit, say):
        self.loop, self.limit, self.say = loop, limit, say
        self.loop_thread, self.notes = threading.get_ident(), set()
        self.beat_at, self.over = time.monotonic(), threading.Event()

    def start(self):
        threading.Thread(target=self.watch, daemon=True).start()

    def stop(self):
        self.over.set()
        for name in self.notes:
            self.say(name)

    def beat(self):
        self.beat_at = time.monotonic()

    def watch(self):
        while not self.over.wait(0.02):
            if time.monotonic() - self.beat_at > self.limit:
                self.notes.add(sys._current_frames()[self.loop_thread].f_code.co_name)
            self.loop.call_soon_threadsafe(self.beat)
