# exercise: timers
# expect: fails
# test: timers_visible
# message: and was woken after

# %% answer="timers"
def run_timers(coroutines):
    """When the first is due, everybody is woken."""
    results, left = [None] * len(coroutines), dict(enumerate(coroutines))
    while left:
        wishes = []
        for number, coroutine in list(left.items()):
            try:
                wishes.append(coroutine.send(None))
            except StopIteration as end:
                results[number] = end.value
                del left[number]
        time.sleep(min(wishes, default=0))
    return results
