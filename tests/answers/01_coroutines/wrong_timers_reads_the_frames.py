# exercise: timers
# expect: fails
# test: timers_visible
# message: Of 4 naps, 0 were slept to the end.

# %% answer="timers"
def run_timers(coroutines):
    """Wakes nobody: the coroutines' frames know who they are, and where the naps are noted."""
    people = [coroutine.cr_frame.f_locals for coroutine in coroutines]
    time.sleep(0.3)
    for one in people:
        name, naps, _ = one["person"]
        one.get("log", []).extend((name, seconds, seconds, 0.0) for seconds in naps)
    return [one["person"][2] for one in people]
