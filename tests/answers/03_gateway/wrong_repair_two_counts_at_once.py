# exercise: repair_two
# expect: fails
# test: repair_two_countdown_check
# message: expected half a second

# %% answer="repair_two_countdown"
async def countdown(ctx, count: int):
    """All numbers at once."""
    for number in range(count, 0, -1):
        await ctx.send(str(number))
    await ctx.send("go!")
