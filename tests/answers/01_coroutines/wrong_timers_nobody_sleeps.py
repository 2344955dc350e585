# exercise: timers
# expect: fails
# test: timers_visible
# message: wanted to nap for

# %% answer="timers"
def run_timers(coroutines):
    """Drives everybody, and takes no notice of naps."""
    results = [None] * len(coroutines)
    ready = deque(enumerate(coroutines))
    while ready:
        number, coroutine = ready.popleft()
        try:
            coroutine.send(None)
        except StopIteration as end:
            results[number] = end.value
        else:
            ready.append((number, coroutine))
    return results
