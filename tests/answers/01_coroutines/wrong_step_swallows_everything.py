# exercise: step
# expect: fails
# test: step_visible
# message: only StopIteration is for you

# %% answer="step"
def step(coroutine, value=None):
    """Takes every exception for an end."""
    try:
        return "paused", coroutine.send(value)
    except Exception as end:
        return "done", getattr(end, "value", None)
