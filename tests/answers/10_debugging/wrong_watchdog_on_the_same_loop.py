# exercise: watchdog
# expect: fails
# test: watchdog_visible
# message: That is the watchdog itself

# %% answer="watchdog"
class Watchdog:
    """A task of the same loop: when it runs, the culprit has gone."""

    def __init__(self, loop, limit, say):
        self.loop, self.limit, self.say = loop, limit, say

    def start(self):
        self.task = self.loop.create_task(self.watch())

    def stop(self):
        self.task.cancel()

    async def watch(self):
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.02)
            if time.monotonic() - before > self.limit:
                self.say(sys._getframe().f_code.co_name)
