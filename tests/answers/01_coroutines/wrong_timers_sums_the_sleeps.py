# exercise: timers
# expect: fails
# test: timers_visible
# message: Naps must overlap

# %% answer="timers"
def run_timers(coroutines):
    """Sleeps each nap on the spot."""
    results = [None] * len(coroutines)
    ready = deque(enumerate(coroutines))
    while ready:
        number, coroutine = ready.popleft()
        try:
            time.sleep(coroutine.send(None))
        except StopIteration as end:
            results[number] = end.value
        else:
            ready.append((number, coroutine))
    return results
