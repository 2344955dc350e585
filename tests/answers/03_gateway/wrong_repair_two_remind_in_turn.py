# exercise: repair_two
# expect: fails
# test: repair_two_remind_check
# message: Each reminder must wait for its own `seconds`

# %% answer="repair_two_remind"
one_at_a_time = asyncio.Lock()


async def remind(ctx, seconds: float, *, what: str):
    """Each waits for its seconds, but only when the one before it has been served."""
    async with one_at_a_time:
        await asyncio.sleep(seconds)
    await ctx.send(f"{ctx.author.name}: {what}")
