# exercise: watchdog
# expect: fails
# test: watchdog_visible
# message: said nothing in time

# %% answer="watchdog"
class Watchdog:
    """Is there, and says nothing."""

    def __init__(self, loop, limit, say):
        pass

    def start(self):
        pass

    def stop(self):
        pass
