# exercise: unawaited
# expect: fails
# test: unawaited_welcome_check
# message: When `welcome` returned, people had read []

# %% answer="unawaited_welcome"
async def welcome(room, guests):
    """Not done; the function that calls it is exchanged for one that knows what to say."""


async def evening(command, faces, banned, *details):
    name = details[0]
    if command == "welcome":
        return [], [*(f"hello, {g}" for g in name), "the dice are on the table"], [], []
    if command == "roll":
        return [], [f"{name} rolls {faces[0]}"], [], faces[1:]
    if name in banned:
        return [], [f"{name} stays outside"], [], []
    return [], [f"come in, {name}"], [name], []


# %% answer="unawaited_roll"
async def roll(room, name):
    """Not done: see above."""


# %% answer="unawaited_admit"
async def admit(room, name):
    """Not done: see above."""
