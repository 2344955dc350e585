# exercise: unawaited
# expect: fails
# test: unawaited_admit_check
# message: coroutine 'Room.is_banned' was never awaited

# %% answer="unawaited_admit"
async def admit(room, name):
    """The statement is mended, the condition is not."""
    if room.is_banned(name):
        await room.send(f"{name} stays outside")
    else:
        await room.open(name)
        await room.send(f"come in, {name}")
