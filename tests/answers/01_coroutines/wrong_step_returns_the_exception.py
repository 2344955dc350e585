# exercise: step
# expect: fails
# test: step_visible
# message: The result is in the exception: its `value`

# %% answer="step"
def step(coroutine, value=None):
    """Hands out the messenger instead of the message."""
    try:
        return "paused", coroutine.send(value)
    except StopIteration as end:
        return "done", end
