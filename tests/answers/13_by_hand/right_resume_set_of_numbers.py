# exercise: resume
# expect: passes

# %% answer="resume"
def fresh(me, payload):
    """Remembers every number that it has seen."""
    seen = vars(me).setdefault("seen", set())
    if payload["t"] == "READY":
        me.session_id = payload["d"]["session_id"]
        seen.clear()
    new = payload["s"] not in seen
    seen.add(payload["s"])
    me.sequence = max(seen)
    return new
