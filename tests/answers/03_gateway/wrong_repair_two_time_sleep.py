# exercise: repair_two
# expect: fails
# test: repair_two_remind_check
# message: The bot could not send its heartbeat, so the gateway closed the connection

# %% answer="repair_two_remind"
async def remind(ctx, seconds: float, *, what: str):
    """As it was."""
    time.sleep(seconds)
    await ctx.send(f"{ctx.author.name}: {what}")
