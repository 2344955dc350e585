# exercise: repair_two
# expect: fails
# message: `time.sleep(seconds)`. No heartbeat could leave

# %% answer="repair_two_remind"
async def remind(ctx, seconds: float, *, what: str):
    """As it was."""
    time.sleep(seconds)
    await ctx.send(f"{ctx.author.name}: {what}")
