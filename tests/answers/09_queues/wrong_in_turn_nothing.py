# exercise: in_turn
# expect: fails
# test: in_turn_check
# message: Await `job()` in `in_turn`

# %% answer="in_turn"
async def in_turn(user, job):
    return {"path": "/", "number": 1}
