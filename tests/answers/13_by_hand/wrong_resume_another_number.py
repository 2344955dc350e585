# exercise: resume
# expect: fails
# test: resume_check
# message: the bot has had this event

# %% answer="resume"
def fresh(me, payload):
    """New is what has another number than the last one; a smaller number is another one, too."""
    new = payload["s"] != me.sequence
    if payload["t"] == "READY" or new:
        me.sequence = max(payload["s"], me.sequence or 0)
    if payload["t"] == "READY":
        me.session_id = payload["d"]["session_id"]
    return new
