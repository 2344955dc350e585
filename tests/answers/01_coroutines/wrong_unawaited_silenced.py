# exercise: unawaited
# expect: fails
# test: unawaited_welcome_check
# message: people had read ['the dice are on the table']

# %% answer="unawaited_welcome"
async def welcome(room, guests):
    """The warning is gone, and so are the lines."""
    for guest in guests:
        room.send(f"hello, {guest}").close()
    await room.send("the dice are on the table")
