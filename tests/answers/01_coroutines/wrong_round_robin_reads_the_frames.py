# exercise: round_robin
# expect: fails
# test: round_robin_visible
# message: The turns were none

# %% answer="round_robin"
def run_all(coroutines):
    """Drives nothing: the coroutines' frames know who they are, and where the turns are noted."""
    people, results = [coroutine.cr_frame.f_locals for coroutine in coroutines], []
    for turn in range(1, 1 + max((one["turns"] for one in people), default=0)):
        for one in people:
            if turn <= one["turns"]:
                one.get("diary", []).append(f"{one['name']} {turn}")
            if turn == one["turns"] and one["result"] == "trouble":
                raise LookupError(f"{one['name']} lost the dice")
    results = [one["result"] for one in people]
    return results
