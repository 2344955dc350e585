# exercise: step
# expect: fails
# test: step_visible
# message: catch StopIteration and nothing else

# %% answer="step"
def step(coroutine, value=None):
    """Takes every exception for an end."""
    try:
        return "paused", coroutine.send(value)
    except Exception as end:
        return "done", getattr(end, "value", None)
