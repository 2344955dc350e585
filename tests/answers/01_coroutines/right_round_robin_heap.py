# exercise: round_robin
# expect: passes

# %% answer="round_robin"
def run_all(coroutines):
    """A heap of (round, number): the earliest round first, and in it the order of the list."""
    results = [None] * len(coroutines)
    ready = [(0, number) for number in range(len(coroutines))]
    while ready:
        turn, number = heapq.heappop(ready)
        try:
            coroutines[number].send(None)
            heapq.heappush(ready, (turn + 1, number))
        except StopIteration as end:
            results[number] = end.value
    return results
