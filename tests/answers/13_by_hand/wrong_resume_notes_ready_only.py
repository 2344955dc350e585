# exercise: resume
# expect: fails
# test: resume_check
# message: handled

# %% answer="resume"
def fresh(me, payload):
    """Notes nothing but the session, so that everything is told again."""
    if payload["t"] == "READY":
        me.session_id, me.sequence = payload["d"]["session_id"], payload["s"]
    return True
