# exercise: timers
# expect: passes

# %% answer="timers"
def run_timers(coroutines):
    """A list of (due, number), sorted anew after each nap."""
    results, waiting = {}, [(time.monotonic(), number) for number in range(len(coroutines))]
    while waiting:
        waiting.sort()
        due, number = waiting.pop(0)
        if (rest := due - time.monotonic()) > 0:
            time.sleep(rest)
        try:
            seconds = coroutines[number].send(None)
        except StopIteration as end:
            results[number] = end.value
        else:
            waiting.append((time.monotonic() + seconds, number))
    return [results[number] for number in range(len(coroutines))]
