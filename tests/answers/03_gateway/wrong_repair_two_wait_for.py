# exercise: repair_two
# expect: fails
# test: repair_two_remind_check
# message: `time.sleep(seconds)`

# %% answer="repair_two_remind"
async def remind(ctx, seconds: float, *, what: str):
    """A timeout is a callback of the loop that is held."""

    async def wait():
        time.sleep(seconds)

    await asyncio.wait_for(wait(), timeout=seconds + 1)
    await ctx.send(f"{ctx.author.name}: {what}")
