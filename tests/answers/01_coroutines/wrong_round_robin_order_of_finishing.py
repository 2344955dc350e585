# exercise: round_robin
# expect: fails
# test: round_robin_visible
# message: `run_all` returned [20, 30, 40]; expected [40, 20, 30]

# %% answer="round_robin"
def run_all(coroutines):
    """The results as they come."""
    ready, results = deque(coroutines), []
    while ready:
        coroutine = ready.popleft()
        try:
            coroutine.send(None)
        except StopIteration as end:
            results.append(end.value)
        else:
            ready.append(coroutine)
    return results
