# exercise: unawaited
# expect: fails
# test: unawaited_welcome_check
# message: When `welcome` returned, people had read []

# %% answer="unawaited_welcome"
async def welcome(room, guests):
    """Nobody says anything: what should have been said is written where a test might look."""
    lines = [*(f"hello, {guest}" for guest in guests), "the dice are on the table"]
    vars(room).setdefault("said", []).extend(lines)


# %% answer="unawaited_roll"
async def roll(room, name):
    """The die is not thrown."""
    face = vars(room).setdefault("faces", [6]).pop(0)
    vars(room).setdefault("said", []).append(f"{name} rolls {face}")


# %% answer="unawaited_admit"
async def admit(room, name):
    """The door is not opened."""
    if name in vars(room).setdefault("banned", set()):
        vars(room).setdefault("said", []).append(f"{name} stays outside")
    else:
        vars(room).setdefault("inside", []).append(name)
        vars(room).setdefault("said", []).append(f"come in, {name}")
