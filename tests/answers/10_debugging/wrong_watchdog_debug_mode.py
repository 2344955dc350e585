# exercise: watchdog
# expect: fails
# test: watchdog_visible
# message: Debug mode is still on

# %% answer="watchdog"
class Watchdog:
    """Lets asyncio's debug mode do it, all day long."""

    def __init__(self, loop, limit, say):
        self.loop, self.limit, self.say = loop, limit, say

    def start(self):
        self.loop.set_debug(True)
        self.loop.slow_callback_duration = self.limit
        dog = self

        class Bark(logging.Handler):
            def emit(self, record):
                if found := re.search(r"coro=<(\w+)\(\)", record.getMessage()):
                    dog.say(found[1])

        self.handler = Bark()
        logging.getLogger("asyncio").addHandler(self.handler)

    def stop(self):
        logging.getLogger("asyncio").removeHandler(self.handler)
