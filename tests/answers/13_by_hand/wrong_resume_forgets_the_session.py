# exercise: resume
# expect: fails
# test: resume_check
# message: note the session's id

# %% answer="resume"
def fresh(me, payload):
    """Numbers only: each line begins with a new session."""
    if payload["t"] == "READY":
        me.sequence = None
    new = me.sequence is None or payload["s"] > me.sequence
    me.sequence = payload["s"]
    return new
