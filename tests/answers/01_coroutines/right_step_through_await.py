# exercise: step
# expect: passes

# %% answer="step"
def step(coroutine, value=None):
    """Through the iterator that `await` itself would use."""
    try:
        return ("paused", coroutine.__await__().send(value))
    except StopIteration as end:
        return ("done", end.value)
