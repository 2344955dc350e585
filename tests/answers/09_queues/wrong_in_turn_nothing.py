# exercise: in_turn
# expect: fails
# message: Does `in_turn` await

# %% answer="in_turn"
async def in_turn(user, job):
    return {"path": "/", "number": 1}
