# exercise: unawaited
# expect: fails
# test: unawaited_welcome_check
# message: When `welcome` returned, people had read []

# %% answer="unawaited_welcome"
async def welcome(room, guests):
    """Tasks that nobody waits for: no warning, and nothing has happened yet."""
    lines = [*(f"hello, {guest}" for guest in guests), "the dice are on the table"]
    for line in lines:
        asyncio.create_task(room.send(line))
