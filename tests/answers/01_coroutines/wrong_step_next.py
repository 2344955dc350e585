# exercise: step
# expect: fails
# test: step_visible
# message: Drive a coroutine with its method `send`

# %% answer="step"
def step(coroutine, value=None):
    """A coroutine is no generator: it has no `next`."""
    try:
        return "paused", next(coroutine)
    except StopIteration as end:
        return "done", end.value
