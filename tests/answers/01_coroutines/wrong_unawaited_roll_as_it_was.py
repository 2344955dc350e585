# exercise: unawaited
# expect: fails
# test: unawaited_roll_check
# message: coroutine 'Room.throw' was never awaited

# %% answer="unawaited_roll"
async def roll(room, name):
    """Unchanged."""
    face = room.throw()
    await room.send(f"{name} rolls {face}")
