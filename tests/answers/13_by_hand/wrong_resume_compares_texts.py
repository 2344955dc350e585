# exercise: resume
# expect: fails
# test: resume_check
# message: handled

# %% answer="resume"
def fresh(me, payload):
    """People may not repeat themselves."""
    me.sequence = payload["s"]
    if payload["t"] == "READY":
        me.session_id = payload["d"]["session_id"]
    seen = vars(me).setdefault("seen", set())
    text = str(payload["d"].get("content", payload["s"]))
    new = text not in seen
    seen.add(text)
    return new
