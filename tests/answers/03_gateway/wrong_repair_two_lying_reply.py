# exercise: repair_two
# expect: fails
# test: repair_two_remind_check
# message: but it was due after

# %% answer="repair_two_remind"
async def remind(ctx, seconds: float, *, what: str):
    """The right words at the wrong time."""
    await ctx.send(f"{ctx.author.name}: {what}")
