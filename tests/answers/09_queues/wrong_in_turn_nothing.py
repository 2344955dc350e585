# exercise: in_turn
# expect: fails
# message: although no job

# %% answer="in_turn"
async def in_turn(user, job):
    return {"path": "/", "number": 1}
