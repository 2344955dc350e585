# exercise: unawaited
# expect: passes

# %% answer="unawaited_welcome"
async def welcome(room, guests):
    """The missing word, and the lines made first."""
    lines = [f"hello, {guest}" for guest in guests] + ["the dice are on the table"]
    for line in lines:
        await room.send(line)


# %% answer="unawaited_roll"
async def roll(room, name):
    """In one line."""
    await room.send(f"{name} rolls {await room.throw()}")


# %% answer="unawaited_admit"
async def admit(room, name):
    """The question first, by itself."""
    banned = await room.is_banned(name)
    if banned:
        await room.send(f"{name} stays outside")
        return
    await room.open(name)
    await room.send(f"come in, {name}")
