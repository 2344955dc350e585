# exercise: watchdog
# expect: passes

# %% answer="watchdog"
class Watchdog:
    """Takes the time of each callback, and afterwards says whose it was."""

    def __init__(self, loop, limit, say):
        self.loop, self.limit, self.say = loop, limit, say
        self.run = asyncio.events.Handle._run

    def start(self):
        dog = self

        def timed(handle):
            began = time.monotonic()
            owner = getattr(handle._callback, "__self__", None)
            dog.run(handle)
            if handle._loop is dog.loop and time.monotonic() - began > dog.limit:
                named = owner.get_coro() if isinstance(owner, asyncio.Task) else owner
                dog.say(named.__name__)

        asyncio.events.Handle._run = timed

    def stop(self):
        asyncio.events.Handle._run = self.run
