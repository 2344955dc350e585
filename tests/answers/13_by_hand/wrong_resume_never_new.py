# exercise: resume
# expect: fails
# test: resume_check
# message: returned False for every event

# %% answer="resume"
def fresh(me, payload):
    """Plays it safe: nothing is handled twice."""
    me.sequence = payload["s"]
    if payload["t"] == "READY":
        me.session_id = payload["d"]["session_id"]
    return False
