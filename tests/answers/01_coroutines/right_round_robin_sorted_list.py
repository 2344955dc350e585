# exercise: round_robin
# expect: passes

# %% answer="round_robin"
def run_all(coroutines):
    """A sorted list of (turns taken, number), and the first of it."""
    waiting, results = sorted((0, n) for n in range(len(coroutines))), {}
    while waiting:
        turns, n = waiting.pop(0)
        try:
            coroutines[n].send(None)
        except StopIteration as end:
            results[n] = end.value
            continue
        waiting.append((turns + 1, n))
        waiting.sort()
    return [result for _, result in sorted(results.items())]
