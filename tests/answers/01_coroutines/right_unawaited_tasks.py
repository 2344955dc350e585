# exercise: unawaited
# expect: passes

# %% answer="unawaited_welcome"
async def welcome(room, guests):
    """All greetings at once; they arrive in the order in which they were handed over."""
    await asyncio.gather(*(room.send(f"hello, {guest}") for guest in guests))
    await room.send("the dice are on the table")


# %% answer="unawaited_roll"
async def roll(room, name):
    """A task, awaited."""
    face = await asyncio.create_task(room.throw())
    await asyncio.create_task(room.send(f"{name} rolls {face}"))


# %% answer="unawaited_admit"
async def admit(room, name):
    """A coroutine may be kept in a variable, as long as it is awaited in the end."""
    asked = room.is_banned(name)
    if await asked:
        said = room.send(f"{name} stays outside")
    else:
        await room.open(name)
        said = room.send(f"come in, {name}")
    await said
