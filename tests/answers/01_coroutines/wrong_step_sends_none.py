# exercise: step
# expect: fails
# test: step_visible
# message: in the coroutine arrived

# %% answer="step"
def step(coroutine, value=None):
    """Forgets what it was to send."""
    try:
        return "paused", coroutine.send(None)
    except StopIteration as end:
        return "done", end.value
