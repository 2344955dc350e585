# exercise: step
# expect: fails
# test: step_visible
# message: `step` must be a plain `def`

# %% answer="step"
async def step(coroutine, value=None):
    """A call of it makes a coroutine, which is no pair."""
    try:
        return "paused", coroutine.send(value)
    except StopIteration as end:
        return "done", end.value
