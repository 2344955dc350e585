# exercise: watchdog
# expect: passes

# %% answer="watchdog"
class Watchdog:
    """In each second night its thread waits for a CPU for 0.15 s, while the loop is free."""

    nights = 0

    def __init__(self, loop, limit, say):
        self.loop, self.limit, self.say = loop, limit, say
        self.loop_thread = threading.get_ident()
        self.last_beat = time.monotonic()
        self.told = False
        self.over = threading.Event()
        Watchdog.nights += 1
        self.kept_waiting = 0.15 if Watchdog.nights % 2 else 0

    def start(self):
        threading.Thread(target=self.watch, daemon=True).start()

    def stop(self):
        self.over.set()

    def beat(self):
        self.last_beat = time.monotonic()
        self.told = False

    def watch(self):
        born = time.monotonic()
        while not self.over.wait(0.02):
            if self.kept_waiting and time.monotonic() - born > 0.15:
                time.sleep(self.kept_waiting)
                self.kept_waiting = 0
            if time.monotonic() - self.last_beat > self.limit and not self.told:
                self.told = True
                self.say(sys._current_frames()[self.loop_thread].f_code.co_name)
            self.loop.call_soon_threadsafe(self.beat)
