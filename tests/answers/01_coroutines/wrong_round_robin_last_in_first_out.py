# exercise: round_robin
# expect: fails
# test: round_robin_visible
# message: Send once to a coroutine, then take the next one in the queue

# %% answer="round_robin"
def run_all(coroutines):
    """A stack is no queue."""
    results = [None] * len(coroutines)
    ready = deque(enumerate(coroutines))
    while ready:
        number, coroutine = ready.pop()
        try:
            coroutine.send(None)
        except StopIteration as end:
            results[number] = end.value
        else:
            ready.append((number, coroutine))
    return results
