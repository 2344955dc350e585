# exercise: step
# expect: fails
# test: step_visible
# message: Step 1: `step` said ('raised KeyError', "'notes'")

# %% answer="step"
SENT = []


def step(coroutine, value=None):
    """Drives nothing: it looks up in the coroutine's frame what that is going to say."""
    part = coroutine.cr_frame.f_locals
    if SENT and SENT[0] is not coroutine:
        SENT.clear()
    if SENT:
        part["heard"].append(value)
    SENT.append(coroutine)
    if len(SENT) <= len(part["notes"]):
        return "paused", part["notes"][len(SENT) - 1]
    if part["result"] == "trouble":
        raise LookupError("no such die")
    return "done", part["result"]
