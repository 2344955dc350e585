# exercise: desk
# expect: fails
# test: desk_check
# message: accepted only 0 of 14

# %% answer="desk"
class Desk:
    """Never at work."""

    def __init__(self, work, workers, most):
        """No need."""

    def ask(self, item):
        """Always full."""
        return False
