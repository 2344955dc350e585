# exercise: round_robin
# expect: fails
# test: round_robin_visible
# message: Send once to a coroutine, then take the next one in the queue

# %% answer="round_robin"
def run_all(coroutines):
    """Runs each to its end."""
    results = []
    for coroutine in coroutines:
        try:
            while True:
                coroutine.send(None)
        except StopIteration as end:
            results.append(end.value)
    return results
