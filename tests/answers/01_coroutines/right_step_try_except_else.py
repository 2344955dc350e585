# exercise: step
# expect: passes

# %% answer="step"
def step(coroutine, value=None):
    """The other order of the same."""
    try:
        note = coroutine.send(value)
    except StopIteration as end:
        kind, what = "done", end.args[0] if end.args else None
    else:
        kind, what = "paused", note
    return kind, what
