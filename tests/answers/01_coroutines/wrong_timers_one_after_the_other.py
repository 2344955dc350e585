# exercise: timers
# expect: fails
# test: timers_visible
# message: Naps must overlap

# %% answer="timers"
def run_timers(coroutines):
    """Drives each to its end before the next."""
    results = []
    for coroutine in coroutines:
        try:
            while True:
                time.sleep(coroutine.send(None))
        except StopIteration as end:
            results.append(end.value)
    return results
