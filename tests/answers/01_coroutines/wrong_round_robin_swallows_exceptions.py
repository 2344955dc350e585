# exercise: round_robin
# expect: fails
# test: round_robin_visible
# message: expected the exception that a coroutine raised

# %% answer="round_robin"
def run_all(coroutines):
    """Whatever is raised counts as an end."""
    results = [None] * len(coroutines)
    ready = deque(enumerate(coroutines))
    while ready:
        number, coroutine = ready.popleft()
        try:
            coroutine.send(None)
        except StopIteration as end:
            results[number] = end.value
        except Exception as error:
            results[number] = error.args[0]
        else:
            ready.append((number, coroutine))
    return results
