# exercise: step
# expect: fails
# test: step_visible
# message: The coroutine received

# %% answer="step"
def step(coroutine, value=None):
    """Forgets what it was to send."""
    try:
        return "paused", coroutine.send(None)
    except StopIteration as end:
        return "done", end.value
