# exercise: resume
# expect: fails
# test: resume_check
# message: the bot has had this event

# %% answer="resume"
def fresh(me, payload):
    """As in exercise 4."""
    me.sequence = payload["s"]
    if payload["t"] == "READY":
        me.session_id = payload["d"]["session_id"]
    return True
