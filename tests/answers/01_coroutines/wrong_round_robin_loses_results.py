# exercise: round_robin
# expect: fails
# test: round_robin_visible
# message: expected [40, 20, 30], in the order of the list

# %% answer="round_robin"
def run_all(coroutines):
    """Drives all of them, and keeps nothing."""
    ready = deque(coroutines)
    while ready:
        coroutine = ready.popleft()
        try:
            coroutine.send(None)
        except StopIteration:
            continue
        ready.append(coroutine)
    return [None] * len(coroutines)
