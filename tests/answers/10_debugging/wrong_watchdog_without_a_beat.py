# exercise: watchdog
# expect: fails
# test: watchdog_visible
# message: A false alarm

# %% answer="watchdog"
class Watchdog:
    """A sampler: whatever it finds on the loop's thread must be the culprit."""

    def __init__(self, loop, limit, say):
        self.say, self.loop_thread, self.over = say, threading.get_ident(), threading.Event()

    def start(self):
        threading.Thread(target=self.watch, daemon=True).start()

    def stop(self):
        self.over.set()

    def watch(self):
        seen = set()
        while not self.over.wait(0.002):
            frame = sys._current_frames()[self.loop_thread]
            if "lib/python" not in frame.f_code.co_filename and frame.f_code.co_name not in seen:
                seen.add(frame.f_code.co_name)
                self.say(frame.f_code.co_name)
