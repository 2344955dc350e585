# exercise: timers
# expect: fails
# test: timers_visible
# message: in the order of the list

# %% answer="timers"
def run_timers(coroutines):
    """The results as they come."""
    results, naps = [], [(0, number) for number in range(len(coroutines))]
    while naps:
        due, number = heapq.heappop(naps)
        time.sleep(max(0, due - time.monotonic()))
        try:
            seconds = coroutines[number].send(None)
        except StopIteration as end:
            results.append(end.value)
        else:
            heapq.heappush(naps, (time.monotonic() + seconds, number))
    return results
