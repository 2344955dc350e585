# exercise: repair_two
# expect: fails
# test: repair_two_countdown_check
# message: A countdown from

# %% answer="repair_two_countdown"
async def countdown(ctx, count: int):
    """The numbers in the wrong order; with one number only nobody would notice."""
    for number in range(1, count + 1):
        await ctx.send(str(number))
        await asyncio.sleep(0.5)
    await ctx.send("go!")
