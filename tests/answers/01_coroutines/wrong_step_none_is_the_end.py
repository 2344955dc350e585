# exercise: step
# expect: fails
# test: step_visible
# message: Step 2: `step` said ('done', None); expected ('paused', None)

# %% answer="step"
def step(coroutine, value=None):
    """Takes a pause without a note for the end."""
    try:
        note = coroutine.send(value)
    except StopIteration as end:
        return "done", end.value
    return ("done", None) if note is None else ("paused", note)
