# exercise: watchdog
# expect: fails
# test: watchdog_visible
# message: It must look from a thread

# %% answer="watchdog"
class Watchdog:
    """Calls `watch` where it should be handed over: the thread never begins."""

    def __init__(self, loop, limit, say):
        self.loop, self.limit, self.say = loop, limit, say
        self.loop_thread = threading.get_ident()
        self.last_beat = time.monotonic()
        self.told = False
        self.over = threading.Event()

    def start(self):
        threading.Thread(target=self.watch()).start()

    def stop(self):
        self.over.set()

    def beat(self):
        self.last_beat = time.monotonic()
        self.told = False

    def watch(self):
        while not self.over.wait(0.02):
            if time.monotonic() - self.last_beat > self.limit and not self.told:
                self.told = True
                self.say(sys._current_frames()[self.loop_thread].f_code.co_name)
            self.loop.call_soon_threadsafe(self.beat)
