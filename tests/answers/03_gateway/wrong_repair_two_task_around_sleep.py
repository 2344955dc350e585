# exercise: repair_two
# expect: fails
# test: repair_two_remind_check
# message: the loop was held for

# %% answer="repair_two_remind"
async def remind(ctx, seconds: float, *, what: str):
    """A task of its own, on the same loop."""

    async def wait():
        time.sleep(seconds)

    await asyncio.create_task(wait())
    await ctx.send(f"{ctx.author.name}: {what}")
