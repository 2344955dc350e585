# exercise: unawaited
# expect: fails
# test: unawaited_welcome_check
# message: people had read []

# %% answer="unawaited_welcome"
async def welcome(room, guests):
    """Nothing is lost when nothing is said."""


# %% answer="unawaited_roll"
async def roll(room, name):
    """Says what it has not thrown."""
    await room.send(f"{name} rolls 6")


# %% answer="unawaited_admit"
async def admit(room, name):
    """Lets everybody in without a word."""
    return True
