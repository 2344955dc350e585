# exercise: timers
# expect: passes

# %% answer="timers"
def run_timers(coroutines):
    """As asyncio does it: a queue of those that are ready, and the due times of the others."""
    results, due = [None] * len(coroutines), {}
    ready = deque(range(len(coroutines)))
    while ready or due:
        if not ready:
            time.sleep(max(0.0, min(due.values()) - time.perf_counter()))
            now = time.perf_counter()
            ready.extend(number for number in sorted(due, key=due.get) if due[number] <= now)
        number = ready.popleft() if ready else None
        if number is None:
            continue
        due.pop(number, None)
        try:
            due[number] = coroutines[number].send(None) + time.perf_counter()
        except StopIteration as end:
            results[number] = end.value
    return results
