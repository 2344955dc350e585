# exercise: round_robin
# expect: passes

# %% answer="round_robin"
def run_all(coroutines):
    """Round after round over a list of those that are left."""
    results, left = {}, list(range(len(coroutines)))
    while left:
        for number in list(left):
            try:
                coroutines[number].send(None)
            except StopIteration as end:
                results[number] = end.value
                left.remove(number)
    return [results[number] for number in range(len(coroutines))]
