# exercise: unawaited
# expect: fails
# test: unawaited_welcome_check
# message: coroutine 'Room.send' was never awaited

# %% answer="unawaited_welcome"
async def welcome(room, guests):
    """Unchanged."""
    for guest in guests:
        room.send(f"hello, {guest}")
    await room.send("the dice are on the table")
