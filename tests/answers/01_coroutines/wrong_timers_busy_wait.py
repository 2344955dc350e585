# exercise: timers
# expect: fails
# test: timers_visible
# message: Find out when the next person is due, and sleep until then

# %% answer="timers"
def run_timers(coroutines):
    """Goes round and looks at the clock."""
    results = [None] * len(coroutines)
    ready = deque((0, number) for number in range(len(coroutines)))
    while ready:
        due, number = ready.popleft()
        if time.monotonic() < due:
            ready.append((due, number))
            continue
        try:
            seconds = coroutines[number].send(None)
        except StopIteration as end:
            results[number] = end.value
        else:
            ready.append((time.monotonic() + seconds, number))
    return results
