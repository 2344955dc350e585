# exercise: repair_two
# expect: fails
# test: repair_two_remind_check
# message: Each reminder must wait for its own `seconds`

# %% answer="repair_two_remind"
async def remind(ctx, seconds: float, *, what: str):
    """A wait that is long enough for everybody, and right for nobody."""
    await asyncio.sleep(2)
    await ctx.send(f"{ctx.author.name}: {what}")
