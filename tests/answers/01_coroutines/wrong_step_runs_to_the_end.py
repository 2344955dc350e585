# exercise: step
# expect: fails
# test: step_visible
# message: `step` went too far

# %% answer="step"
def step(coroutine, value=None):
    """Drives until there is a result."""
    while True:
        try:
            coroutine.send(value)
        except StopIteration as end:
            return "done", end.value
