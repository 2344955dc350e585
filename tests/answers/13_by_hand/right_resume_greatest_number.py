# exercise: resume
# expect: passes

# %% answer="resume"
def fresh(me, payload):
    """The greatest number so far, 0 before the first."""
    number, last = payload["s"], me.sequence or 0
    if payload["t"] == "READY":
        me.session_id, last = payload["d"]["session_id"], 0
    me.sequence = max(number, last)
    return number > last
